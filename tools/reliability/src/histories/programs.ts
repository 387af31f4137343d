/** Random programs over a world, and the smallest one that goes wrong. */
import { setImmediate as turn } from 'node:timers/promises'
import fc, { type AsyncCommand } from 'fast-check'
import { check } from '../deaths/history.ts'
import type { Outcome, Run } from '../trials/trial.ts'
import { ROOMS, World, type Room } from './world.ts'

const CLIENTS = 3
const PROGRAMS = 400
const LONGEST = 60

type Step = AsyncCommand<object, World>

/** A step that is written into a program as its text. */
const step = (text: string, run: (world: World) => unknown): Step => ({
  check: () => true,
  run: async (_, world) => {
    await run(world)
  },
  toString: () => text,
})

const client = fc.nat(CLIENTS - 1)
const size = fc.oneof({ weight: 8, arbitrary: fc.nat(50) }, { weight: 1, arbitrary: fc.nat(100_000) })
const room = fc.constantFrom<Room>(...ROOMS)

const steps: fc.Arbitrary<Step>[] = [
  fc
    .tuple(client, fc.boolean(), size)
    .map(([at, waits, bytes]) =>
      step(`send(${at}, ${waits}, ${bytes})`, (world) => world.send(world.at(at), waits, bytes)),
    ),
  fc
    .tuple(client, size)
    .map(([at, bytes]) => step(`emit(${at}, ${bytes})`, (world) => world.emit(world.at(at), bytes))),
  fc
    .tuple(client, fc.boolean())
    .map(([at, waits]) => step(`request(${at}, ${waits})`, (world) => world.request(world.at(at), waits))),
  fc
    .tuple(client, fc.nat(200))
    .map(([at, items]) => step(`stream(${at}, ${items})`, (world) => world.stream(world.at(at), items))),
  fc
    .tuple(client, room, fc.boolean())
    .map(([at, where, into]) =>
      step(`${into ? 'join' : 'leave'}(${at}, ${where})`, (world) => world.move(world.at(at), where, into)),
    ),
  fc
    .option(room, { nil: undefined })
    .map((to) => step(`broadcast(${to ?? 'all'})`, (world) => world.broadcast(to))),
  client.map((at) => step(`cut(${at})`, (world) => world.cut(world.at(at)))),
  fc.constant(step('turn', () => turn())),
  fc.constant(step('settle', (world) => world.settle())),
  fc.constantFrom(0, 1000).map((graceMs) => step(`restart(${graceMs})`, (world) => world.restart(graceMs))),
  fc
    .tuple(client, fc.constantFrom(0, 1000))
    .map(([at, graceMs]) => step(`replace(${at}, ${graceMs})`, (world) => world.replace(at, graceMs))),
  client.map((at) =>
    step(`sendAway(${at})`, async (world) => {
      world.sendAway(at)
      await world.replace(at, 0)
    }),
  ),
]

let worlds = 0

const runProgram = async (program: Iterable<Step>): Promise<void> => {
  worlds += 1
  const world = await World.create(`history ${process.pid} ${worlds}`, CLIENTS)
  try {
    await fc.asyncModelRun(() => ({ model: {}, real: world }), program)
    await world.settle()
    const problems = [
      ...world.problems,
      ...check(world.said, world.handled, {
        once: 'marked',
        keptIsHandled: false,
        allAcknowledged: false,
        order: 'in a life',
      }),
    ]
    if (problems.length > 0) throw new Error(problems.slice(0, 5).join('; '))
  } finally {
    await world.end()
  }
}

/** A program that takes longer hangs: the waits of its own are shorter. */
const HUNG_MS = 20_000

export const programs = async ({ seed, scale }: Run): Promise<Outcome> => {
  const count = PROGRAMS * scale
  const before = worlds
  const result = await fc.check(
    fc.asyncProperty(fc.commands(steps, { maxCommands: LONGEST, size: 'max' }), runProgram),
    { seed, numRuns: count, timeout: HUNG_MS, interruptAfterTimeLimit: 300_000 },
  )
  const problems: string[] = []
  if (result.failed) {
    const { counterexample, errorInstance, numShrinks } = result
    const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
    problems.push(
      `${why}; the program, after ${numShrinks} steps of shrinking: ${fc.stringify(counterexample)}`,
    )
  }
  return { tried: result.numRuns, counts: `${worlds - before} programs`, problems }
}

/** Processes that race for one address, by different doors: one wins, also when the last winner was killed. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Actors, type Actor } from '../trials/actor.ts'
import type { Outcome, Run } from '../trials/trial.ts'

const script = join(import.meta.dirname, 'race-actor.ts')

/** Doors that agree on what a server at a path is: each refuses to replace the socket of any other. */
const DOORS: readonly string[] = ['listen', 'listen with a mode', 'events', 'listen or connect', 'pipes']
const RACERS = 10
const ROUNDS = 12

interface Racer {
  readonly door: string
  actor: Actor
}

/** Servers start at once, again and again, after one that was closed or killed. */
export const race = async ({ random, directory, scale }: Run): Promise<Outcome> => {
  const actors = new Actors()
  const path = join(directory, 's')
  const problems: string[] = []
  const start = async (door: string): Promise<Racer> => {
    const actor = actors.start(script, [[path, door]])
    await actor.line(/^ready/)
    return { door, actor }
  }
  let killed = 0
  try {
    const racers = await Promise.all(Array.from({ length: RACERS }, () => start(random.of(DOORS))))
    const rounds = ROUNDS * scale
    for (let round = 1; round <= rounds; round += 1) {
      const results = await Promise.all(
        racers.map(async (racer) => {
          const result = racer.actor.line(/^(won|lost|failed)/)
          racer.actor.tell('go')
          return { racer, result: await result }
        }),
      )
      const winners = results.filter(({ result }) => result === 'won')
      const wrong = results.filter(({ result }) => result.startsWith('failed'))
      if (winners.length !== 1) {
        const doors = winners.map(({ racer }) => racer.door).join(', ')
        problems.push(`round ${round}: ${winners.length} servers have the address (${doors})`)
      }
      for (const { racer, result } of wrong) problems.push(`round ${round}, ${racer.door}: ${result}`)
      for (const { racer } of winners) {
        if (random.next() < 0.5) {
          const ended = racer.actor.line(/^ended/)
          racer.actor.tell('end')
          await ended
          const left = readdirSync(directory)
          if (left.length > 0)
            problems.push(`round ${round}, ${racer.door} closed: ${left.join(', ')} is left`)
        } else {
          killed += 1
          await racer.actor.kill()
          racer.actor = (await start(racer.door)).actor
        }
      }
      if (problems.length > 5) break
    }
    return {
      tried: rounds,
      counts: `${rounds} races of ${RACERS} servers, ${killed} winners killed`,
      problems,
    }
  } finally {
    await actors.end()
  }
}

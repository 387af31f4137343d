import { join } from 'node:path'
import { cacheDir, lock } from '@uds/debian'
import { closingLine, totalOf } from '@uds/testkit/tally'
import { writeAliases } from './aliases.ts'
import { align } from './align.ts'
import { readArguments } from './arguments.ts'
import { homeOf, lockOf, prefixOf } from './home.ts'
import { nodeProgram, runPass } from './pass.ts'
import type { Outcome } from './pass.ts'
import { endWine, makePrefix } from './prefix.ts'
import { buildPrograms } from './programs.ts'
import { writeSources } from './sources.ts'
import { install, refresh } from './stage.ts'
import { findWine } from './wine.ts'

const workspace = join(import.meta.dirname, '../../..')

const write = (data: string | Uint8Array): void => void process.stdout.write(data)
const say = (line: string): void => write(`windows: ${line}\n`)

const main = async (): Promise<boolean> => {
  const order = readArguments(process.argv.slice(2), process.env)
  const home = homeOf(workspace, process.env)
  const stage = join(home, 'stage')
  const started = performance.now()

  const wine = await findWine(cacheDir(process.env), process.env, say)
  const unlock = await lock(lockOf(home), say)
  const prefix = prefixOf(home, wine)
  const interrupt = new AbortController()
  const stop = (): void => {
    interrupt.abort()
    void endWine(wine, prefix)
      .then(unlock)
      .then(() => process.exit(130))
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    const prepareStage = async (): Promise<void> => {
      const files = await refresh(workspace, stage)
      await Promise.all([writeAliases(stage), writeSources(stage, files)])
      await Promise.all([install(stage, files), buildPrograms(stage, files, process.env, say)])
      await Promise.all(order.majors.map((major) => align(nodeProgram(stage, major))))
    }
    await Promise.all([makePrefix(wine, prefix), prepareStage()])
    say(`${wine.version}, ready after ${((performance.now() - started) / 1000).toFixed(1)} s`)
    if (order.setupOnly) return true

    const outcomes: Outcome[] = []
    for (const major of order.majors) {
      say(`Node ${major}`)
      const log = join(home, `node-${major}.log`)
      const { signal } = interrupt
      outcomes.push(await runPass(major, { ...order, wine, prefix, stage, log, write, signal }))
    }
    write('\n')
    for (const [index, { tally }] of outcomes.entries())
      say(`Node ${order.majors[index]}: ${closingLine(tally)}`)
    write(`${closingLine(totalOf(outcomes.map(({ tally }) => tally)))}\n`)
    return outcomes.every(({ isGood }) => isGood)
  } finally {
    await endWine(wine, prefix)
    await unlock()
  }
}

main().then(
  (isGood) => (process.exitCode = isGood ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`windows: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)

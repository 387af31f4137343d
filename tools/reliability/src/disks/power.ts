/** Journals after a kill at every write, and after power cuts: what they still have, and that they go on. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { EventClient, EventServer } from '@uds/events'
import { listed } from '../deaths/history.ts'
import { Actors } from '../trials/actor.ts'
import { straceIsMissing } from '../trials/programs.ts'
import type { Outcome, Run, Trial } from '../trials/trial.ts'
import { readTrace, RecordedDisk, TRACE_OPTIONS, type DiskCall } from './recorded-disk.ts'

const script = join(import.meta.dirname, 'journal-actor.ts')

/** Enough that the write-ahead log of either journal is written back once. */
const MESSAGES = 360
const FRESH = [1_000_001, 1_000_002, 1_000_003]
const EARLY = /^[ka] (\d+)$/

/** What the promise of `send`, and of the journal, said before a moment. */
const saidBefore = (calls: readonly DiskCall[], what: 'k' | 'a'): number[] =>
  calls.flatMap((call) =>
    call.kind === 'said' && call.line.startsWith(what) ? [Number(EARLY.exec(call.line)?.[1])] : [],
  )

const record = async (directory: string, synchronous: 'normal' | 'full'): Promise<DiskCall[]> => {
  const actors = new Actors()
  const trace = join(directory, 'trace')
  const inside = mkdtempSync(join(directory, 'd'))
  try {
    const actor = actors.start(
      script,
      [[inside, synchronous, MESSAGES]],
      ['strace', ...TRACE_OPTIONS, '-o', trace],
    )
    const how = await actor.exit
    if (!how.startsWith('SIGKILL')) throw new Error(`the process with the journals ended: ${how}`)
    return readTrace(readFileSync(trace, 'utf8'), inside, 'history')
  } finally {
    await actors.end()
    rmSync(inside, { recursive: true })
    rmSync(trace, { force: true })
  }
}

/** Opens the journals that a disk has, lets everything arrive and some new messages too; returns what was handled. */
const goOn = async (directory: string): Promise<number[]> => {
  const address = `memory:after ${directory}`
  const server = await EventServer.listen(address, {
    journal: { path: join(directory, 'server') },
    setUp: (made) => {
      made.on('say', (number, _, { transaction }) => {
        const database = transaction as DatabaseSync
        database.exec('CREATE TABLE IF NOT EXISTS effects (id INTEGER PRIMARY KEY, number INTEGER)')
        database.prepare('INSERT INTO effects (number) VALUES (?)').run(number as number)
      })
    },
  })
  try {
    const client = await EventClient.connect(address, { journal: { path: join(directory, 'client') } })
    await Promise.all(FRESH.map((each) => client.send('say', each)))
    await client.flush()
    await client.close()
  } finally {
    await server.close()
  }
  const database = new DatabaseSync(join(directory, 'server'), { readOnly: true })
  try {
    const rows = database.prepare('SELECT number FROM effects ORDER BY id').all()
    return rows.map(({ number }) => Number(number))
  } finally {
    database.close()
  }
}

interface Moment {
  readonly problems: string[]
  /** How many acknowledged messages are gone. */
  readonly gone: number
}

const judge = async (
  parent: string,
  calls: readonly DiskCall[],
  losesNothing: boolean,
  make: (disk: RecordedDisk, directory: string) => void,
): Promise<Moment> => {
  const directory = mkdtempSync(join(parent, 'm'))
  try {
    make(new RecordedDisk(calls), directory)
    const handled = await goOn(directory)
    const there = new Set(handled)
    const missing = (numbers: readonly number[]): string[] =>
      numbers.filter((each) => !there.has(each)).map(String)
    const acknowledged = missing(saidBefore(calls, 'a'))
    const early = handled.filter((each) => each < FRESH[0]!)
    return {
      gone: acknowledged.length,
      problems: [
        ...(losesNothing ? listed('lost although acknowledged', acknowledged) : []),
        ...(losesNothing ? listed('lost although kept', missing(saidBefore(calls, 'k'))) : []),
        ...listed('new, and taken for old ones', missing(FRESH)),
        ...(there.size === handled.length ? [] : ['a message was handled twice']),
        ...(early.every((each, at) => at === 0 || each > early[at - 1]!) ? [] : ['out of order']),
      ],
    }
  } catch (error) {
    return { gone: 0, problems: [`it does not go on: ${(error as Error).message}`] }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const MOST_PROBLEMS = 5

const moments = async (
  { random, directory, scale }: Run,
  calls: readonly DiskCall[],
  count: number,
  losesNothing: boolean,
  make: (disk: RecordedDisk, directory: string) => void,
): Promise<Outcome> => {
  const problems: string[] = []
  let gone = 0
  let tried = 0
  for (; tried < count * scale && problems.length < MOST_PROBLEMS; tried += 1) {
    const end = random.between(1, calls.length)
    const moment = await judge(directory, calls.slice(0, end), losesNothing, make)
    gone += moment.gone
    problems.push(...moment.problems.map((each) => `after ${end} of ${calls.length} calls: ${each}`))
  }
  return {
    tried,
    counts: `${tried} moments among ${calls.length} calls, ${gone} acknowledged messages gone`,
    problems,
  }
}

const MOMENTS = 40

export const powerCut = (synchronous: 'normal' | 'full'): Trial => ({
  impossible: straceIsMissing,
  run: async (run) => {
    const calls = await record(run.directory, synchronous)
    return moments(run, calls, MOMENTS, synchronous === 'full', (disk, at) =>
      disk.afterPowerCut(at, run.random),
    )
  },
})

export const killed: Trial = {
  impossible: straceIsMissing,
  run: async (run) => {
    const calls = await record(run.directory, 'normal')
    return moments(run, calls, MOMENTS, true, (disk, at) => disk.afterKill(at))
  },
}

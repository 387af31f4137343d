// What every subject of the bench is: a script that plays both parts, and whose arguments say which one.
//   node <subject> server <address> <work> <count> <size>   prints "ready", then for one-way work its result
//   node <subject> client <address> <work> <count> <size>   prints "ready" when connected, does the work, and, unless it is
//                                                           one way, prints the result
// A subject that plays alone has its server start the client, and that prints everything; "ready" then has the id of the
// process behind it. Neither ends by itself: the processor time that they took is read from outside, then they are killed.
import { join, resolve } from 'node:path'

export type Work = 'one-way' | 'send' | 'ping-1' | 'ping-64'

export interface Job {
  readonly role: 'server' | 'client'
  readonly address: string
  readonly work: Work
  readonly count: number
  /** Bytes of a message. */
  readonly size: number
  /** Which of several contenders of one script. */
  readonly variant: string
}

export const job = (): Job => {
  const [role, address, work, count, size, variant = ''] = process.argv.slice(2)
  return {
    role: role as Job['role'],
    address: address as string,
    work: work as Work,
    count: Number(count),
    size: Number(size),
    variant,
  }
}

const PATTERN = 'The quick brown fox jumps over the lazy dog; 0123456789 abcdefgh'

/** The payload, as text and as bytes. */
export const textOf = (size: number): string =>
  PATTERN.repeat(Math.ceil(size / PATTERN.length)).slice(0, size)
export const bytesOf = (size: number): Buffer => Buffer.from(textOf(size))

/** The sources of a package in the build that is measured: UDS_BENCH_BUILD, or this one. */
export const load = async (name: string): Promise<unknown> => {
  const root = resolve(process.env['UDS_BENCH_BUILD'] ?? join(import.meta.dirname, '../../..'))
  return await import(join(root, 'packages', name, 'src/index.ts'))
}

/** @param other - the process that plays the other part, when this one has started it */
export const ready = (other?: number): void => {
  process.stdout.write(other === undefined ? 'ready\n' : `ready ${other}\n`)
}

/** What a subject found out besides the speed. */
export interface Notes {
  /** Messages that were sent and did not arrive. */
  readonly lost?: number
}

/** Says how many per second. */
export const result = (count: number, startedAt: number, notes: Notes = {}): void => {
  const perSecond = count / ((performance.now() - startedAt) / 1000)
  process.stdout.write(`${JSON.stringify({ perSecond, ...notes })}\n`)
}

/** To compare each message would be part of what is measured: every so many is compared whole, of the others the length. */
const COMPARED = 64

const differs = (what: string): Error => new Error(`the bench received ${what}, which is not what was sent`)

/** Checks a message that arrived. @throws Error when it is not what was sent. */
export const checker = (size: number): ((value: string | Uint8Array) => void) => {
  const text = textOf(size)
  const bytes = bytesOf(size)
  let seen = 0
  return (value) => {
    if (value.length !== size) throw differs(`${value.length} characters or bytes`)
    if (seen++ % COMPARED !== 0) return
    const same = typeof value === 'string' ? value === text : bytes.equals(value)
    if (!same) throw differs('other content')
  }
}

/** Checks a stream of messages, wherever its chunks are cut. @returns What counts the messages of a chunk that are whole. */
export const streamChecker = (size: number): ((chunk: Uint8Array) => number) => {
  const bytes = bytesOf(size)
  let at = 0
  let chunks = 0
  return (chunk) => {
    if (chunks++ % COMPARED === 0) {
      const most = Math.min(chunk.length, size - at)
      if (!bytes.subarray(at, at + most).equals(chunk.subarray(0, most))) throw differs('other content')
    }
    const whole = Math.floor((at + chunk.length) / size)
    at = (at + chunk.length) % size
    return whole
  }
}

/** Counts what arrives; the first one starts the clock, the last one makes the result. */
export const arrivals = (count: number): ((messages?: number) => void) => {
  let seen = 0
  let startedAt = 0
  return (messages = 1) => {
    if (seen === 0) startedAt = performance.now()
    seen += messages
    if (seen === count) result(count, startedAt)
  }
}

/** Does round trips, so many at once. */
export const roundTrips = async (
  count: number,
  inFlight: number,
  trip: () => Promise<unknown>,
  other?: number,
): Promise<void> => {
  const loop = async (trips: number): Promise<void> => {
    for (let at = 0; at < trips; at++) await trip()
  }
  const run = async (total: number): Promise<void> => {
    await Promise.all(Array.from({ length: inFlight }, () => loop(Math.ceil(total / inFlight))))
  }
  await run(Math.min(count / 5, 20_000))
  ready(other)
  const startedAt = performance.now()
  await run(count)
  result(Math.ceil(count / inFlight) * inFlight, startedAt)
}

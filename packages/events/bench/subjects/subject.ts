// What every subject of the bench is: a script that plays both parts, told by its arguments which one.
//   node <subject> server <address> <work> <count>      prints "ready", then for one-way work its result
//   node <subject> client <address> <work> <count>      prints "ready" when connected, does the work, and, for round
//                                                       trips, prints the result
// A subject that plays alone has its server start the client, and that prints everything; "ready" then has the id of
// the process behind it.
// Neither ends by itself: the processor time that they took is read from outside, then they are killed.

/** What is measured. */
export type Work = 'one-way' | 'send' | 'ping-1' | 'ping-64'

export interface Job {
  readonly role: 'server' | 'client'
  readonly address: string
  readonly work: Work
  readonly count: number
}

/** The payload: 64 characters, as text and as bytes. */
export const text: string = 'The quick brown fox jumps over the lazy dog; 0123456789 abcdefgh'
export const bytes: Buffer = Buffer.from(text)

export const job = (): Job => {
  const [role, address, work, count] = process.argv.slice(2)
  return { role: role as Job['role'], address: address as string, work: work as Work, count: Number(count) }
}

/** @param other - the process that plays the other part, when this one has started it */
export const ready = (other?: number): void => {
  process.stdout.write(other === undefined ? 'ready\n' : `ready ${other}\n`)
}

/** What a subject found out besides the speed. */
export interface Notes {
  /** Messages that were sent and did not arrive. */
  readonly lost?: number
  /** KiB of memory that one client costs the server. */
  readonly kibPerClient?: number
}

/** Says how many per second. */
export const result = (count: number, startedAt: number, notes: Notes = {}): void => {
  const perSecond = count / ((performance.now() - startedAt) / 1000)
  process.stdout.write(`${JSON.stringify({ perSecond, ...notes })}\n`)
}

/** Counts what arrives; the first one starts the clock, the last one gives the result. */
export const arrivals = (count: number): (() => void) => {
  let seen = 0
  let startedAt = 0
  return () => {
    if (seen++ === 0) startedAt = performance.now()
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

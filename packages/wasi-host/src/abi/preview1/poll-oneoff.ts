/** poll_oneoff. */
import type { Guest } from '../abi.ts'
import type { PollAnswer, PollRequest } from '../../sockets/socket-calls.ts'
import { errnoOf } from '../../outcome/errno.ts'
import { Failure, failureOf } from '../../outcome/failure.ts'
import { after, type Outcome } from '../../outcome/sync-promise.ts'
import { pollAll, type StandardRequest } from '../standard-streams.ts'
import { isReady } from '../../sockets/readiness.ts'
import { monotonicNow, realtimeNow } from '../../wasi/clocks.ts'
import type { FileEntry } from './descriptors.ts'

/** `subscription`: 48 bytes, `event`: 32 */
const SUBSCRIPTION = 48
const EVENT = 32

const CLOCK = 0
const FD_READ = 1
const FD_WRITE = 2
const ABSTIME = 1
const HANGUP = 1

const REALTIME = 0
const MONOTONIC = 1

/** More at a time than any guest can have descriptors; a hostile one must not keep the host busy. */
const MOST_SUBSCRIPTIONS = 16_384

const SUCCESS = 0

interface Clock {
  readonly userdata: bigint
  /** Milliseconds from now. */
  readonly dueMs: number
}

interface Ready {
  readonly userdata: bigint
  readonly type: number
  readonly errno: number
  readonly bytes: bigint
  readonly flags: number
}

const readClock = (clock: number): bigint => {
  if (clock === REALTIME) return realtimeNow()
  if (clock === MONOTONIC) return monotonicNow()
  throw new Failure('EINVAL', 'poll_oneoff knows the clocks 0 (realtime) and 1 (monotonic)')
}

const clockAt = (guest: Guest, at: number, userdata: bigint): Clock => {
  const clock = guest.memory.u32(at + 16)
  const timeout = guest.memory.u64(at + 24)
  const now = readClock(clock)
  const relative = guest.memory.u16(at + 40) & ABSTIME ? (timeout > now ? timeout - now : 0n) : timeout
  // Rounded up: to wake early is to be asked again.
  return { userdata, dueMs: Number((relative + 999_999n) / 1_000_000n) }
}

const event = (guest: Guest, at: number, { userdata, type, errno, bytes, flags }: Ready): void => {
  guest.memory.bytes(at, EVENT).fill(0)
  guest.memory.setU64(at, userdata)
  guest.memory.setU16(at + 8, errno)
  guest.memory.setU8(at + 10, type)
  guest.memory.setU64(at + 16, bytes)
  guest.memory.setU16(at + 24, flags)
}

interface Subscription {
  readonly userdata: bigint
  readonly type: number
}
type SocketSubscription = PollRequest & Subscription
type StandardSubscription = StandardRequest & Subscription

/** Of writing no number of bytes is known: 1 says that there is space. */
const readyEvent = ({ userdata, type }: Subscription, available: bigint, hangup: boolean): Ready => ({
  userdata,
  type,
  errno: SUCCESS,
  bytes: type === FD_READ ? available : 1n,
  flags: hangup ? HANGUP : 0,
})

/** The bytes of a file behind its offset; 1 for anything else, of which no number is known. */
const bytesLeft = (entry: FileEntry): bigint => {
  if (entry.kind === 'standard') return BigInt(entry.standard.state().available)
  return entry.kind === 'file' ? BigInt(Math.max(entry.file.size - entry.file.offset, 0)) : 1n
}

/**
 * `poll_oneoff(in, out, nsubscriptions, nevents)`: waits for sockets, standard streams and clocks. A file is always
 * ready, as it is for poll(2).
 */
export const pollOneoff = (guest: Guest, ...args: number[]): Outcome<void> => {
  const [input, output, count, counted] = args as [number, number, number, number]
  const { memory, fds } = guest
  const many = count >>> 0
  if (many === 0) throw new Failure('EINVAL', 'poll_oneoff needs a subscription')
  if (many > MOST_SUBSCRIPTIONS)
    throw new Failure('EINVAL', `poll_oneoff takes ${MOST_SUBSCRIPTIONS} at most`)
  memory.check(input, many * SUBSCRIPTION)
  memory.check(output, many * EVENT)
  memory.check(counted, 4)

  const clocks: Clock[] = []
  const requests: SocketSubscription[] = []
  const standards: StandardSubscription[] = []
  const ready: Ready[] = []
  for (let index = 0; index < many; index += 1) {
    const at = (input >>> 0) + index * SUBSCRIPTION
    const userdata = memory.u64(at)
    const type = memory.u8(at + 8)
    if (type === CLOCK) {
      clocks.push(clockAt(guest, at, userdata))
      continue
    }
    if (type !== FD_READ && type !== FD_WRITE)
      throw new Failure('EINVAL', 'a subscription is to a clock, to reading or to writing')
    try {
      const entry = fds.get(memory.u32(at + 16))
      const wanted = { read: type === FD_READ, write: type === FD_WRITE, userdata, type }
      if (entry.kind === 'socket') requests.push({ id: entry.id, ...wanted })
      else if (entry.kind === 'standard' && entry.standard.waits)
        standards.push({ stream: entry.standard, ...wanted })
      else ready.push(readyEvent(wanted, bytesLeft(entry), false))
    } catch (error) {
      ready.push({ userdata, type, errno: errnoOf(failureOf(error).code, 'wasi'), bytes: 0n, flags: 0 })
    }
  }
  const soonest = Math.min(...clocks.map(({ dueMs }) => dueMs), Infinity)
  const began = performance.now()
  const timeoutMs = ready.length > 0 ? 0 : soonest === Infinity ? -1 : soonest
  return after(pollAll(guest, requests, standards, timeoutMs), (answers) => {
    const collect = (subscriptions: readonly Subscription[], found: readonly PollAnswer[]): void => {
      for (const [index, answer] of found.entries())
        if (isReady(answer))
          ready.push(readyEvent(subscriptions[index]!, BigInt(answer.available), answer.hangup))
    }
    collect(standards, answers.standards)
    collect(requests, answers.sockets)
    // No descriptor was ready, so a clock was, also if the timer was a little early.
    const elapsed =
      ready.length === 0 ? Math.max(performance.now() - began, soonest) : performance.now() - began
    for (const { userdata, dueMs } of clocks) {
      if (dueMs <= elapsed) ready.push({ userdata, type: CLOCK, errno: SUCCESS, bytes: 0n, flags: 0 })
    }
    for (const [index, each] of ready.entries()) event(guest, (output >>> 0) + index * EVENT, each)
    memory.setU32(counted, ready.length)
  })
}

/** Reading, writing and polling standard streams that are descriptors of this process. */
import { Failure, wouldBlock } from '../outcome/failure.ts'
import { after, NOT_YET, rescued, type Outcome } from '../outcome/sync-promise.ts'
import { readIovecs, type Iovec } from '../memory/guest-memory.ts'
import type { StandardStream } from '../wasi/stdio/standard-stream.ts'
import type { PollAnswer, PollRequest } from '../sockets/socket-calls.ts'
import { isReady } from '../sockets/readiness.ts'
import type { Guest } from './abi.ts'

/** Milliseconds between two looks at a descriptor, which grow from the first to the last. */
const FIRST_LOOK_MS = 1
const LAST_LOOK_MS = 16

/** The pauses between looks at a descriptor. Each ends early, with the guest, when the guest is stopped. */
const lookPauses = (): (() => number) => {
  let next = FIRST_LOOK_MS
  return () => {
    const ms = next
    next = Math.min(2 * next, LAST_LOOK_MS)
    return ms
  }
}

/** Waits without a socket: in the loop it is a timer, in a thread of the guest it blocks that. */
const pause = (guest: Guest, ms: number): Outcome<void> => after(guest.sockets.poll([], ms), () => {})

const until = (
  guest: Guest,
  stream: StandardStream,
  attempt: () => number | typeof NOT_YET,
): Outcome<number> => {
  const nextMs = lookPauses()
  const again = (): Outcome<number> => {
    for (;;) {
      const result = attempt()
      if (result !== NOT_YET) return result
      if (stream.nonblocking) throw wouldBlock
      const pausing = pause(guest, nextMs())
      if (pausing !== undefined) return after(pausing, again)
    }
  }
  return again()
}

const buffersFrom = (iovec: Iovec, skip: number): Uint8Array[] => {
  let before = skip
  return iovec.parts().flatMap((part) => {
    const rest = part.subarray(Math.min(before, part.length))
    before = Math.max(before - part.length, 0)
    return rest.length > 0 ? [rest] : []
  })
}

/** Reads what is there, as read(2) on a blocking descriptor does. */
export const readStandard = (
  guest: Guest,
  stream: StandardStream,
  [iovs, many, count]: readonly [number, number, number],
): Outcome<void> => {
  guest.memory.check(count, 4)
  const iovec = readIovecs(guest.memory, iovs, many)
  const bytes = iovec.size === 0 ? 0 : until(guest, stream, () => stream.read(buffersFrom(iovec, 0)))
  return after(bytes, (got) => guest.memory.setU32(count, got))
}

/** Writes all, as write(2) on a blocking descriptor does; a non-blocking one takes what it has space for. */
export const writeStandard = (
  guest: Guest,
  stream: StandardStream,
  [iovs, many, count]: readonly [number, number, number],
): Outcome<void> => {
  guest.memory.check(count, 4)
  const iovec = readIovecs(guest.memory, iovs, many)
  let written = 0
  const attempt = (): number | typeof NOT_YET => {
    while (written < iovec.size) {
      const bytes = stream.write(buffersFrom(iovec, written))
      if (bytes === NOT_YET) return stream.nonblocking && written > 0 ? written : NOT_YET
      written += bytes
    }
    return written
  }
  // The call returns what went out already; the next one fails by itself.
  const partly = (error: unknown): number => {
    if (written === 0 || !isFailureOfStream(error)) throw error
    return written
  }
  return after(
    rescued(() => until(guest, stream, attempt), partly),
    (bytes) => guest.memory.setU32(count, bytes),
  )
}

/** An error of the descriptor, not the end of the guest. */
const isFailureOfStream = (error: unknown): boolean => error instanceof Failure || error instanceof Error

/** What to poll a standard stream for. */
export interface StandardRequest {
  readonly stream: StandardStream
  readonly read: boolean
  readonly write: boolean
}

const answerOf = ({ stream, read, write }: StandardRequest): PollAnswer => {
  const { readable, writable, hangup, available } = stream.state()
  const ready = (read && readable) || (write && writable)
  return {
    readable: read && readable,
    writable: write && writable,
    hangup: ready && hangup,
    available,
    error: false,
  }
}

/**
 * Polls sockets and standard streams together. Nothing reports that a standard stream has become ready, so that it is
 * looked at again and again.
 *
 * @param timeoutMs - -1 is for ever.
 */
export const pollAll = (
  guest: Guest,
  requests: readonly PollRequest[],
  standards: readonly StandardRequest[],
  timeoutMs: number,
): Outcome<{ readonly sockets: readonly PollAnswer[]; readonly standards: readonly PollAnswer[] }> => {
  const deadline = timeoutMs < 0 ? Infinity : performance.now() + timeoutMs
  const nextMs = lookPauses()
  const look = (): ReturnType<typeof pollAll> => {
    const found = standards.map(answerOf)
    const left = found.some(isReady) ? 0 : Math.max(deadline - performance.now(), 0)
    const most = standards.length === 0 ? left : Math.min(left, nextMs())
    return after(guest.sockets.poll(requests, most === Infinity ? -1 : Math.ceil(most)), (sockets) =>
      most === left || sockets.some(isReady) ? { sockets, standards: found } : look(),
    )
  }
  return look()
}

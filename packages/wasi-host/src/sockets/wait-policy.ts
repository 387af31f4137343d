/** Waiting, as the mode and the timeouts of a socket have it. */
import { timedOut, wouldBlock } from '../outcome/failure.ts'
import type { Interest, Network } from '../network/network.ts'
import { SyncPromise, NOT_YET, type Outcome } from '../outcome/sync-promise.ts'

/** How long a call may wait. */
export interface WaitPolicy {
  readonly nonblocking: boolean
  /** -1 is for ever. */
  readonly timeoutMs: number
}

/** The monotonic clock, for timeouts. */
export const now = (): number => performance.now()

const wait = <T>(
  network: Network,
  attempt: () => T | typeof NOT_YET,
  interest: () => Interest,
  deadline: number,
): Outcome<T> => {
  for (;;) {
    const left = deadline - now()
    if (left <= 0) throw timedOut
    const waiting = network.wait([interest()], left === Infinity ? -1 : Math.ceil(left))
    if (waiting instanceof SyncPromise) {
      return waiting.follow(() => {
        const result = attempt()
        return result === NOT_YET ? wait(network, attempt, interest, deadline) : result
      })
    }
    const result = attempt()
    if (result !== NOT_YET) return result
  }
}

/** Tries until there is a result. */
export const until = <T>(
  network: Network,
  attempt: () => T | typeof NOT_YET,
  interest: () => Interest,
  patience: WaitPolicy,
): Outcome<T> => {
  const first = attempt()
  if (first !== NOT_YET) return first
  if (patience.nonblocking) throw wouldBlock
  const deadline = patience.timeoutMs < 0 ? Infinity : now() + patience.timeoutMs
  return wait(network, attempt, interest, deadline)
}

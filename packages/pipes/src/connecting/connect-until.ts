/** Trying again until a server is there. */
import { sleep, SocketError } from '@uds/winsock-ffi'
import { Backoff, mayConnectLater, type BackoffSettings } from '@uds/winsock-ffi/internal'

/** winpipe's pause, the same each time. */
const PAUSES: BackoffSettings = { initialMs: 200, maxMs: 200, jitter: 0 }

/**
 * Attempts to connect until the time is up; one attempt is always made.
 *
 * @param attempt - Gets the milliseconds that are left, -1 for one that may take its time.
 * @param nap - Waits before the next attempt, which may come early when there is reason to.
 */
export const connectUntil = <T>(
  address: string,
  timeoutMs: number,
  attempt: (left: number) => T,
  nap: (ms: number, error: unknown) => void = sleep,
): T => {
  const start = performance.now()
  const backoff = new Backoff(PAUSES)
  for (;;) {
    const before = timeoutMs < 0 ? -1 : Math.max(0, start + timeoutMs - performance.now())
    try {
      return attempt(before)
    } catch (error) {
      if (!mayConnectLater(error)) throw error
      const left = timeoutMs < 0 ? Infinity : start + timeoutMs - performance.now()
      if (left <= 0) {
        throw new SocketError({
          code: 'ECONNREFUSED',
          syscall: 'connect',
          address,
          nativeCode: (error as SocketError).nativeCode,
          detail: `no server took the connection within ${timeoutMs} ms`,
          advice: 'start the server first, or wait longer with connectWithTimeout',
          cause: error,
        })
      }
      nap(Math.min(backoff.next(), left), error)
    }
  }
}

/** A timer that received bytes restart. */
import type { Duplex, Readable } from 'node:stream'

/** setTimeout takes no longer delay, and would fire at once (https://nodejs.org/api/timers.html). */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Calls `then` once a stream has received nothing for `ms` milliseconds, unless it closes first. Bytes that wait because
 * standard output is slow count as received.
 *
 * @returns A function that stops the timer.
 */
export const whenIdle = (stream: Readable, ms: number, then: () => void): (() => void) => {
  const stop = (): void => {
    clearTimeout(timer)
    stream.off('data', restart)
    stream.off('close', stop)
  }
  const expire = (): void => {
    if (stream.readableLength > 0) return restart()
    stop()
    then()
  }
  const timer = setTimeout(expire, Math.min(ms, LONGEST_TIMER_MS))
  const restart = (): void => void timer.refresh()
  stream.on('data', restart)
  stream.once('close', stop)
  return stop
}

/** As {@link whenIdle}; the time begins when all that was written has been sent. */
export const whenIdleAfterWrites = (stream: Duplex, ms: number, then: () => void): (() => void) => {
  let stop: (() => void) | undefined
  let stopped = false
  stream.write('', () => {
    if (!stopped && !stream.destroyed) stop = whenIdle(stream, ms, then)
  })
  return () => {
    stopped = true
    stop?.()
  }
}

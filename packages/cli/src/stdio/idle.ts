import type { Readable } from 'node:stream'

/**
 * Calls `then` once nothing has come from a stream for so long, unless it closes first. For connections on which one
 * half cannot be ended alone: how long the answer takes is then anybody's guess.
 *
 * @returns A function that gives up waiting.
 */
export const whenIdle = (stream: Readable, ms: number, then: () => void): (() => void) => {
  const stop = (): void => {
    clearTimeout(timer)
    stream.off('data', again)
    stream.off('close', stop)
  }
  const timer = setTimeout(() => {
    stop()
    then()
  }, ms)
  const again = (): void => void timer.refresh()
  stream.on('data', again)
  stream.once('close', stop)
  return stop
}

/** The option `onread` of `net.Socket`, for a runtime that does not have it for descriptors. */
import type { OnReadOpts, Socket } from 'node:net'

/** Asked after each read; undefined stands for the same one again, which the types of Node leave out. */
const next = (buffer: () => Uint8Array): Uint8Array | undefined => buffer()

/**
 * Bytes go to the callback by way of its buffer, and cause no `data`, as in Node:
 * https://nodejs.org/api/net.html#socketconnectoptions-connectlistener
 */
export const readThrough = (socket: Socket, { buffer, callback }: OnReadOpts): void => {
  const push = socket.push
  let held: Uint8Array[] = []
  let ended = false
  let into = typeof buffer === 'function' ? buffer() : buffer

  const deliver = (): void => {
    for (let chunk = held.shift(); chunk !== undefined; chunk = held.shift()) {
      if (socket.isPaused()) {
        held.unshift(chunk)
        return
      }
      const size = Math.min(into.byteLength, chunk.byteLength)
      into.set(chunk.subarray(0, size))
      if (size < chunk.byteLength) held.unshift(chunk.subarray(size))
      if (!callback(size, into)) socket.pause()
      if (typeof buffer === 'function') into = next(buffer) ?? into
    }
    if (!ended) return
    push.call(socket, null)
    // Nothing is in the stream itself: this is what ends it.
    socket.read(0)
  }

  socket.push = (chunk: Uint8Array | null): boolean => {
    if (chunk === null) ended = true
    else held.push(chunk)
    deliver()
    return held.length === 0 && !socket.isPaused()
  }
  socket.on('resume', () => {
    deliver()
    if (held.length === 0 && !ended) socket._read(0)
  })
  socket.once('close', () => void (held = []))
}

/** hiddenReset: the reset of a connection that Node reports as its end. */
import type { Socket } from 'node:net'
import { sockets } from '@uds/winsock-ffi'

/**
 * libuv before 1.52, as Node 22 has it, takes a reset that it finds together with bytes for the end of the stream, so
 * that a message that was cut off looks whole: https://github.com/libuv/libuv/pull/4997
 */
const hidesResets = ((): boolean => {
  const [major = 0, minor = 0] = process.versions.uv.split('.').map(Number)
  return major === 1 && minor < 52
})()

/**
 * What broke the connection of a socket that has ended, which the system still knows; undefined for an end that is one.
 *
 * ## Platform behaviour
 * Only where Node exposes the descriptor of a socket, which is everywhere but on Windows. koffi asks for the error: without it,
 * a reset behind bytes is an end.
 */
export const hiddenReset = (socket: Socket): unknown => {
  const { fd } = (socket as { _handle?: { readonly fd?: number } | null })._handle ?? {}
  if (!hidesResets || fd === undefined || fd < 0) return undefined
  const borrowed = sockets.fromFd(fd, 'inet')
  try {
    return sockets.getOption(borrowed, 'SO_ERROR') ?? undefined
  } catch {
    return undefined
  } finally {
    borrowed.release()
  }
}

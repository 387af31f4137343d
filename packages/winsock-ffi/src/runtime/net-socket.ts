/** A descriptor as a `net.Socket`. */
import type { NetConnectOpts, Socket, SocketConstructorOpts } from 'node:net'
import { net } from './net.ts'
import { readThrough } from './onread.ts'
import { runtime } from './runtime.ts'

const inBun = (fd: number, { onread, ...options }: Omit<SocketConstructorOpts, 'fd'>): Socket => {
  const socket = new (net().Socket)(options)
  if (onread) readThrough(socket, onread)
  return socket.connect({ fd } as unknown as NetConnectOpts)
}

/**
 * A `net.Socket` that owns a descriptor. The runtime finds out the kind of the descriptor itself.
 *
 * In Bun 1.4 `new (net().Socket)({ fd })` reads nothing, and its first write fails; `connect({ fd })`, which Node does not have,
 * takes the descriptor, and ignores `onread`: https://bun.sh/docs/runtime/nodejs-compat
 */
export const netSocketOf = (fd: number, options: Omit<SocketConstructorOpts, 'fd'>): Socket =>
  runtime.name === 'bun' ? inBun(fd, options) : new (net().Socket)({ ...options, fd })

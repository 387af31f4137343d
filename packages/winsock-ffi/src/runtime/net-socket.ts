/** A descriptor as a `net.Socket`. */
import { Socket, type NetConnectOpts, type SocketConstructorOpts } from 'node:net'
import { runtime } from './runtime.ts'

/**
 * A `net.Socket` that owns a descriptor. The runtime finds out the kind of the descriptor itself.
 *
 * In Bun 1.4 `new Socket({ fd })` reads nothing, and its first write fails; `connect({ fd })`, which Node does not have,
 * takes the descriptor: https://bun.sh/docs/runtime/nodejs-compat
 */
export const netSocketOf = (fd: number, options: Omit<SocketConstructorOpts, 'fd'>): Socket =>
  runtime.name === 'bun'
    ? new Socket(options).connect({ fd } as unknown as NetConnectOpts)
    : new Socket({ ...options, fd })

/** LocalStream: the fitting stream of each system. */
import type { WaitOptions } from '../options/arguments.ts'
import { onWindows } from '../system.ts'
import { checkToken, type TransferToken } from '../threads/token.ts'
import { UnixSocketAddr } from '../unix-socket/address.ts'
import { UnixStream } from '../unix-socket/stream.ts'
import type { ConnectOptions } from '../connecting/verify-server.ts'
import { WinStream } from '../named-pipe/stream.ts'
import { connectTo, readAddress, type LocalSocketAddr } from './address.ts'

/** A local stream of this system: a named pipe on Windows, AF_UNIX elsewhere, or what the address said. */
export type LocalStream = UnixStream | WinStream

/** Options of the functions that connect. */
export type LocalConnectOptions = ConnectOptions & WaitOptions

/**
 * The fitting stream on each system: two lines of a program mean the same on Windows and on Linux.
 *
 * @example
 * ```ts
 * const stream = LocalStream.connect('my_pipe_is_cool')
 * ```
 */
export const LocalStream: {
  /**
   * Connects: to a bare word, which is the safe place of this user on each system, or to an address (`unix:PATH`,
   * `pipe:NAME`, a path, `\\.\pipe\NAME`).
   *
   * ## Platform behaviour
   * A pipe is tried for 1 s while it is missing or busy; a socket fails at once. {@link connectWithTimeout} waits on both.
   *
   * @throws SocketError `ECONNREFUSED`, `ENOENT`, `EACCES`; TypeError for an address that means nothing.
   */
  connect(address: string, options?: LocalConnectOptions): LocalStream
  connectAddr(address: LocalSocketAddr, options?: LocalConnectOptions): LocalStream
  /** Connects, and tries again every 200 ms while there is no server, for so many milliseconds; with 0 exactly once. */
  connectWithTimeout(address: string, ms: number, options?: ConnectOptions): LocalStream
  connectAddrWithTimeout(address: LocalSocketAddr, ms: number, options?: ConnectOptions): LocalStream
  /** Two streams that are connected to each other. */
  pair(): [LocalStream, LocalStream]
  /** Makes a stream of a token, whichever of the two it was. */
  fromTransfer(token: TransferToken): LocalStream
  [Symbol.hasInstance](value: unknown): boolean
} = {
  connect: (address, options) => connectTo(address, 'connect', (to) => LocalStream.connectAddr(to, options)),
  connectAddr: (address, options) => {
    const to = readAddress(address, 'connectAddr', false)
    return to instanceof UnixSocketAddr
      ? UnixStream.connectAddr(to, options)
      : WinStream.connectAddr(to, options)
  },
  connectWithTimeout: (address, ms, options) =>
    connectTo(address, 'connectWithTimeout', (to) => LocalStream.connectAddrWithTimeout(to, ms, options)),
  connectAddrWithTimeout: (address, ms, options) => {
    const to = readAddress(address, 'connectAddrWithTimeout', false)
    return to instanceof UnixSocketAddr
      ? UnixStream.connectAddrWithTimeout(to, ms, options)
      : WinStream.connectAddrWithTimeout(to, ms, options)
  },
  pair: () => (onWindows ? WinStream.pair() : UnixStream.pair()),
  fromTransfer: (token) => {
    checkToken(token, ['UnixStream', 'WinStream'])
    return token.kind === 'WinStream' ? WinStream.fromTransfer(token) : UnixStream.fromTransfer(token)
  },
  [Symbol.hasInstance]: (value) => value instanceof UnixStream || value instanceof WinStream,
}

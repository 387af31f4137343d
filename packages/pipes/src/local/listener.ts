import type { TransferToken } from '../threads/token.ts'
import { UnixSocketAddr } from '../unix/address.ts'
import { UnixListener, type UnixBindOptions } from '../unix/listener.ts'
import { WinListener, type PipeBindOptions } from '../win/listener.ts'
import { readAddress, type LocalSocketAddr } from './address.ts'

/** A listener of this system: on a named pipe on Windows, on AF_UNIX elsewhere, or on what the address said. */
export type LocalListener = UnixListener | WinListener

/** Options of {@link LocalListener.bind}; those of one kind say nothing on the other. */
export type LocalBindOptions = UnixBindOptions & PipeBindOptions

/**
 * The fitting listener on each system.
 *
 * @example
 * ```ts
 * const listener = LocalListener.bind('my_pipe_is_cool')
 * for (const stream of listener.incoming()) serve(stream)
 * ```
 */
export const LocalListener: {
  /**
   * Listens at a bare word, which is the safe place of this user on each system, or at an address; see
   * `LocalStream.connect`.
   *
   * @throws SocketError `EADDRINUSE`, `EACCES`, `ENOENT`; TypeError for an address that means nothing.
   */
  bind(address: string, options?: LocalBindOptions): LocalListener
  bindAddr(address: LocalSocketAddr, options?: LocalBindOptions): LocalListener
  /** Makes a listener of a token, whichever of the two it was. */
  fromTransfer(token: TransferToken): LocalListener
  [Symbol.hasInstance](value: unknown): boolean
} = {
  bind: (address, options) => LocalListener.bindAddr(readAddress(address, 'bind', true), options),
  bindAddr: (address, options) => {
    const to = readAddress(address, 'bindAddr', true)
    if (!(to instanceof UnixSocketAddr)) return WinListener.bindAddr(to, options)
    return UnixListener.bindAddr(to, options)
  },
  fromTransfer: (token) =>
    token?.kind === 'WinListener' ? WinListener.fromTransfer(token) : UnixListener.fromTransfer(token),
  [Symbol.hasInstance]: (value) => value instanceof UnixListener || value instanceof WinListener,
}

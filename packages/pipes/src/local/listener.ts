/** LocalListener: the fitting listener of each system. */
import { checkOptions } from '@uds/winsock-ffi'
import { checkToken, type TransferToken } from '../threads/token.ts'
import { UnixSocketAddr } from '../unix-socket/address.ts'
import { UNIX_BIND_OPTIONS, type UnixBindOptions } from '../unix-socket/bind-options.ts'
import { UnixListener } from '../unix-socket/listener.ts'
import { PIPE_BIND_OPTIONS, readPipeOptions, type PipeBindOptions } from '../named-pipe/bind-options.ts'
import { WinListener } from '../named-pipe/listener.ts'
import { readAddress, type LocalSocketAddr } from './address.ts'

/** A listener of this system: on a named pipe on Windows, on AF_UNIX elsewhere, or on what the address said. */
export type LocalListener = UnixListener | WinListener

/**
 * Options of {@link LocalListener.bind}; those of one kind say nothing on the other, but are checked on both.
 *
 * ## Platform behaviour
 * `backlog`: on Windows 63 at most.
 */
export type LocalBindOptions = UnixBindOptions & PipeBindOptions

const BIND_OPTIONS = [...new Set<string>([...UNIX_BIND_OPTIONS, ...PIPE_BIND_OPTIONS])]

/** The options of one kind. */
const only = <T extends keyof LocalBindOptions>(
  options: LocalBindOptions,
  names: readonly T[],
): Pick<LocalBindOptions, T> =>
  Object.fromEntries(names.map((name) => [name, options[name]])) as Pick<LocalBindOptions, T>

const bindTo = (
  address: string | LocalSocketAddr,
  options: LocalBindOptions | undefined,
  where: string,
): LocalListener => {
  checkOptions(options, 'bind', BIND_OPTIONS)
  const given = options ?? {}
  // No system but Windows would find a mistake in these.
  readPipeOptions(given)
  const to = readAddress(address, where, true)
  return to instanceof UnixSocketAddr
    ? UnixListener.bindAddr(to, only(given, UNIX_BIND_OPTIONS))
    : WinListener.bindAddr(to, {
        ...only(given, PIPE_BIND_OPTIONS),
        ...(given.takeOver && { takeOver: true }),
      })
}

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
  bind: (address, options) => bindTo(address, options, 'bind'),
  bindAddr: (address, options) => bindTo(address, options, 'bindAddr'),
  fromTransfer: (token) => {
    checkToken(token, ['UnixListener', 'WinListener'])
    return token.kind === 'WinListener' ? WinListener.fromTransfer(token) : UnixListener.fromTransfer(token)
  },
  [Symbol.hasInstance]: (value) => value instanceof UnixListener || value instanceof WinListener,
}

/** The options of bind, read and checked, for listeners and datagram sockets. */
import { checkOptions, invalidArgument, outOfRange, SocketError } from '@uds/winsock-ffi'
import { boolean } from '@uds/winsock-ffi/internal'
import { socketSystem as system } from './system/select.ts'

/** Options of {@link UnixListener.bind}. */
export interface UnixBindOptions {
  /**
   * How many clients may wait for `accept`, 0 or more; the system caps it.
   *
   * @default 511
   */
  readonly backlog?: number | undefined
  /**
   * The permissions of the socket file, as `0o600`: who may connect needs write permission. They are right before the
   * first client can connect. Undefined leaves them to the umask.
   *
   * ## Platform behaviour
   * Windows: `ENOTSUP`; there the access rights of the directory are inherited.
   */
  readonly mode?: number | undefined
  /**
   * Take the place of a socket file that nobody listens on any more. A file whose server lives is never removed.
   *
   * @default true
   */
  readonly removeStale?: boolean | undefined
  /**
   * Take the path from a server that is alive, in one step: new clients come here, and the other server goes on with those that
   * it has, and with those that wait for its `accept`. What is no socket is never replaced. An abstract name cannot be taken
   * over.
   *
   * ## Platform behaviour
   * Windows: the file is removed and made again, and clients in between find none.
   *
   * @default false
   */
  readonly takeOver?: boolean | undefined
  /**
   * Remove the socket file when the listener is closed, unless it is another listener's by then.
   *
   * @default true
   */
  readonly unlinkOnClose?: boolean | undefined
}

/** The names of the options of {@link UnixListener.bind}. */
export const UNIX_BIND_OPTIONS = ['backlog', 'mode', 'removeStale', 'unlinkOnClose', 'takeOver'] as const
/** Datagrams have no connections that a successor would leave alone. */
const FILE_OPTIONS = UNIX_BIND_OPTIONS.slice(1, -1)

/** Octal is what people mean: 600 without 0o would be another mode. */
const checkMode = (mode: number): void => {
  const wanted = 'permissions as an octal number from 0 to 0o777, as 0o600'
  if (typeof mode !== 'number') throw invalidArgument('bind', 'mode', wanted, mode)
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) throw outOfRange('bind', 'mode', wanted, mode)
}

/** How the options are read, for listeners and datagram sockets. */
export const readFileOptions = (
  options: UnixBindOptions,
  known: readonly string[] = FILE_OPTIONS,
): { mode: number | undefined; removeStale: boolean; takeOver: boolean; unlinkOnClose: boolean } => {
  checkOptions(options, 'bind', known)
  const { mode, removeStale = true, takeOver = false, unlinkOnClose = true } = options
  if (mode !== undefined) {
    checkMode(mode)
    if (!system.hasModes) throw noModes()
  }
  boolean('bind', 'removeStale', removeStale)
  boolean('bind', 'takeOver', takeOver)
  boolean('bind', 'unlinkOnClose', unlinkOnClose)
  return { mode, removeStale, takeOver, unlinkOnClose }
}

/** The error for an option that this system cannot honour. */
const noModes = (): SocketError =>
  new SocketError({
    code: 'ENOTSUP',
    syscall: 'bind',
    detail: 'Windows gives socket files the access rights of their directory, not a mode',
    advice: 'put the socket into a directory that only the right users may enter',
  })

import { resolve } from 'node:path'
import {
  checkOptions,
  invalidArgument,
  outOfRange,
  sockets,
  type SocketError,
  type SocketHandle,
  type UnixAddress,
} from '@uds/winsock-ffi'
import { booleanOf, integerOf } from '../options/arguments.ts'
import { listenerEnded } from '../errors/errors.ts'
import { BlockingListener } from '../blocking/listener.ts'
import { socketSystem as system } from './system/select.ts'
import { ENDED_READ, READ } from '../threads/cells.ts'
import { SharedState } from '../threads/state.ts'
import { claimToken, type TransferToken } from '../threads/token.ts'
import { Turn } from '../threads/direction-lock.ts'
import { traced } from '../trace.ts'
import { unixAddrOf, UnixSocketAddr } from './address.ts'
import { bindFile, noModes, removeFile } from './socket-file.ts'
import { UnixStream } from './stream.ts'
import { socketOf } from './raw-handle.ts'
import { attemptUntil, withSocket } from './waiting.ts'

/** Options of {@link UnixListener.bind}. */
export interface UnixBindOptions {
  /** How many clients may wait for `accept` (default 511; the system caps it). */
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
   * Take the place of a socket file that nobody listens on any more (default true). A file whose server lives is never
   * removed.
   */
  readonly replaceStale?: boolean | undefined
  /** Remove the socket file when the listener is closed (default true), unless it is another listener's by then. */
  readonly unlinkOnClose?: boolean | undefined
}

/** The names of the options of {@link UnixListener.bind}. */
export const UNIX_BIND_OPTIONS = ['backlog', 'mode', 'replaceStale', 'unlinkOnClose'] as const
const FILE_OPTIONS = UNIX_BIND_OPTIONS.slice(1)

/** Octal is what people mean: 600 without 0o would be another mode. */
const modeOf = (mode: number): void => {
  const wanted = 'permissions as an octal number from 0 to 0o777, as 0o600'
  if (typeof mode !== 'number') throw invalidArgument('bind', 'mode', wanted, mode)
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) throw outOfRange('bind', 'mode', wanted, mode)
}

/** How the options are read, for listeners and datagram sockets. */
export const fileSettings = (
  options: UnixBindOptions,
  known: readonly string[] = FILE_OPTIONS,
): { mode: number | undefined; replaceStale: boolean; unlinkOnClose: boolean } => {
  checkOptions(options, 'bind', known)
  const { mode, replaceStale = true, unlinkOnClose = true } = options
  if (mode !== undefined) {
    modeOf(mode)
    if (!system.hasModes) throw noModes()
  }
  booleanOf(replaceStale, 'bind', 'replaceStale')
  booleanOf(unlinkOnClose, 'bind', 'unlinkOnClose')
  return { mode, replaceStale, unlinkOnClose }
}

/** What the last owner has to know to remove the file. */
export interface FileToRemove {
  /** Absolute: the working directory may be another one by then. */
  readonly path: string
  readonly identity: string | undefined
}

/** The file as a token carries it, and back. */
export const packFile = (file: FileToRemove | undefined): Readonly<Record<string, unknown>> => ({ ...file })

export const unpackFile = ({ details }: TransferToken): FileToRemove | undefined =>
  typeof details['path'] === 'string'
    ? { path: details['path'], identity: details['identity'] as string | undefined }
    : undefined

/** The file that closing is to remove, if any. */
export const fileOf = (
  address: UnixAddress,
  identity: string | undefined,
  unlinkOnClose: boolean,
): FileToRemove | undefined =>
  unlinkOnClose && address.pathname !== undefined ? { path: resolve(address.pathname), identity } : undefined

/** Opens a socket and binds it; closes it when that fails. */
export const openBound = <T>(
  type: 'stream' | 'datagram',
  use: (socket: SocketHandle) => T,
): { fd: number; result: T } => {
  const socket = traced('socket', 'unix', () => sockets.open('unix', type))
  try {
    const result = use(socket)
    return { fd: socket.release(), result }
  } catch (error) {
    socket.close()
    throw error
  }
}

/** A listening AF_UNIX socket whose `accept` waits: Rust's `std::os::unix::net::UnixListener`. */
export class UnixListener extends BlockingListener<UnixStream> {
  declare readonly kind: 'UnixListener'
  readonly #file: FileToRemove | undefined

  /** Of no use outside this package: use `bind`, `fromRawHandle`, `fromTransfer`. */
  constructor(state: SharedState, file: FileToRemove | undefined) {
    super(state, 'UnixListener')
    this.#file = file
  }

  /**
   * Creates a socket file and listens on it.
   *
   * @param path - Taken as it is: a bare word is a file in the working directory.
   * @throws SocketError `EADDRINUSE` when a server listens there, or something that is no socket is in the way; `ENOENT`
   *   without its directory; `EACCES`; `ENAMETOOLONG`.
   */
  static override bind(path: string | Uint8Array, options: UnixBindOptions = {}): UnixListener {
    return UnixListener.bindAddr(UnixSocketAddr.fromPathname(path), options)
  }

  /** As {@link bind}, with an address: the way to an abstract name. */
  static bindAddr(address: UnixSocketAddr, options: UnixBindOptions = {}): UnixListener {
    const to = unixAddrOf(address, 'bindAddr')
    const settings = fileSettings(options, UNIX_BIND_OPTIONS)
    const backlog = integerOf(options.backlog ?? 511, 'bind', 'backlog', 0, 2 ** 31 - 1)
    const { fd, result } = openBound('stream', (socket) =>
      bindFile(socket, to, settings, () =>
        traced('listen', socket.fd, () => sockets.listen(socket, backlog)),
      ),
    )
    system.prepareListener(fd)
    return new UnixListener(SharedState.create(fd, system), fileOf(to, result, settings.unlinkOnClose))
  }

  /**
   * Takes charge of a listening socket that something else opened, as systemd does. Its file is not removed.
   *
   * @throws as {@link UnixStream.fromRawHandle}.
   */
  static fromRawHandle(handle: number): UnixListener {
    const fd = socketOf(handle, 'stream', true)
    system.prepareListener(fd)
    return new UnixListener(SharedState.create(fd, system), undefined)
  }

  /** Makes a listener of a token in the thread that received it. */
  static fromTransfer(token: TransferToken): UnixListener {
    const claimed = claimToken(token, 'UnixListener')
    return new UnixListener(new SharedState(claimed.memory, system), unpackFile(claimed))
  }

  override tryClone(): UnixListener {
    return new UnixListener(this.retained('tryClone'), this.#file)
  }

  override localAddr(): UnixSocketAddr {
    const state = this.opened('localAddr')
    return UnixSocketAddr.from(
      withSocket(state, 'stream', 'getsockname', sockets.localAddress) as UnixAddress,
    )
  }

  override takeError(): SocketError | null {
    const state = this.opened('takeError')
    return withSocket(state, 'stream', 'getsockopt', (socket) => sockets.getOption(socket, 'SO_ERROR'))
  }

  protected override take(state: SharedState, own: number | undefined): UnixStream {
    const fd = state.handle
    const result = attemptUntil(new Turn(state, READ, 'accept', own), () => {
      if (state.has(ENDED_READ)) throw listenerEnded('accept')
      return system.tryAccept(fd)
    })
    if (result < 0) throw system.failed(-result, 'accept')
    return new UnixStream(SharedState.create(result, system))
  }

  protected override details(): Readonly<Record<string, unknown>> {
    return packFile(this.#file)
  }

  protected override destroy(state: SharedState): void {
    system.close(state.handle)
    state.dispose()
    if (this.#file !== undefined) removeFile(this.#file.path, this.#file.identity)
  }
}

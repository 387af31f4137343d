/** UnixListener: bind, accept, close. */
import { sockets, type SocketError } from '@uds/winsock-ffi'
import { readBacklog } from '@uds/winsock-ffi/internal'
import { listenerEnded } from '../errors/errors.ts'
import { BlockingListener } from '../blocking/listener.ts'
import { socketSystem as system } from './system/select.ts'
import { ENDED_READ, READ } from '../threads/cells.ts'
import { SharedState } from '../threads/state.ts'
import { claimToken, type TransferToken } from '../threads/token.ts'
import { DirectionLock } from '../threads/direction-lock.ts'
import { traced } from '../trace.ts'
import { checkedUnixAddr, UnixSocketAddr } from './address.ts'
import { readFileOptions, UNIX_BIND_OPTIONS, type UnixBindOptions } from './bind-options.ts'
import { boundFile, packFile, unpackFile, type BoundFile } from './bound-file.ts'
import { bindFile, closeSocket, openBound } from './socket-file.ts'
import { addrOf } from './long-path.ts'
import { UnixStream } from './stream.ts'
import { checkedSocket } from './raw-handle.ts'
import { attemptUntil, withSocket } from './waiting.ts'

/** A listening AF_UNIX socket whose `accept` waits: Rust's `std::os::unix::net::UnixListener`. */
export class UnixListener extends BlockingListener<UnixStream> {
  declare readonly kind: 'UnixListener'
  readonly #file: BoundFile | undefined

  /** Of no use outside this package: use `bind`, `fromRawHandle`, `fromTransfer`. */
  constructor(state: SharedState, file: BoundFile | undefined) {
    super(state, 'UnixListener', (closing) => closeSocket(closing, file))
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
    const to = checkedUnixAddr(address, 'bindAddr')
    const settings = readFileOptions(options, UNIX_BIND_OPTIONS)
    const backlog = readBacklog(options.backlog, 'bind')
    const { fd, result } = openBound('stream', (socket) =>
      bindFile(socket, to, settings, () => {
        system.prepareListener(socket.fd)
        traced('listen', socket.fd, () => sockets.listen(socket, backlog))
      }),
    )
    return new UnixListener(SharedState.create(fd, system), boundFile(to, result, settings))
  }

  /**
   * Takes charge of a listening socket that something else opened, as systemd does. Its file is not removed.
   *
   * @throws as {@link UnixStream.fromRawHandle}.
   */
  static fromRawHandle(handle: number): UnixListener {
    const fd = checkedSocket(handle, 'stream', true)
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
    const found = withSocket(state, 'stream', 'getsockname', sockets.localAddress)
    return addrOf(found, this.#file?.longPath)
  }

  override takeError(): SocketError | null {
    const state = this.opened('takeError')
    return withSocket(state, 'stream', 'getsockopt', (socket) => sockets.getOption(socket, 'SO_ERROR'))
  }

  protected override take(state: SharedState, timeoutMs: number | undefined): UnixStream {
    const fd = state.handle
    const result = attemptUntil(new DirectionLock(state, READ, 'accept', timeoutMs), () => {
      if (state.has(ENDED_READ)) throw listenerEnded('accept')
      return system.tryAccept(fd)
    })
    if (result < 0) throw system.failed(-result, 'accept')
    return new UnixStream(SharedState.create(result, system))
  }

  protected override details(): Readonly<Record<string, unknown>> {
    return packFile(this.#file)
  }
}

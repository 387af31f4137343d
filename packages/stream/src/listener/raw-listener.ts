/** Listening and connecting by the system's calls, for sockets that Node has no class for: seqpacket, handles. */
import { outOfRange, sockets, type SocketHandle, type SocketType, type UnixAddress } from '@uds/winsock-ffi'
import { DEFAULT_BACKLOG, markThread } from '@uds/winsock-ffi/internal'
import { startAcceptLoop, type AcceptLoop } from './accept-loop.ts'
import { atExit } from './at-exit.ts'
import { boundFile } from './bound-file.ts'

/**
 * Connects without blocking: AF_UNIX connects at once or says why not (connect(2)).
 *
 * @throws SocketError as `sockets.connect`, and `EAGAIN` for a full backlog.
 */
export const connectNow = (to: UnixAddress, type: SocketType): SocketHandle => {
  const handle = sockets.open('unix', type)
  try {
    handle.setNonblocking(true)
    sockets.connect(handle, to)
    return handle
  } catch (error) {
    handle.close()
    throw error
  }
}

/**
 * Binds and listens, without blocking.
 *
 * @param bind - Binds the socket; `sockets.bind` unless the caller replaces files of ended processes.
 * @throws RangeError `ERR_OUT_OF_RANGE` for the backlog; SocketError as `sockets.bind` and `sockets.listen`.
 */
export const listenNow = (
  at: UnixAddress,
  type: SocketType,
  backlog: number | undefined,
  where: string,
  bind: (handle: SocketHandle, at: UnixAddress) => void = sockets.bind,
): SocketHandle => {
  const most = backlog ?? DEFAULT_BACKLOG
  if (!Number.isInteger(most) || most < 1)
    throw outOfRange(where, 'the backlog', 'an integer, 1 or more', backlog)
  const handle = sockets.open('unix', type)
  let removeFile: (() => void) | undefined
  try {
    handle.setNonblocking(true)
    bind(handle, at)
    removeFile = boundFile(at)
    sockets.listen(handle, most)
    return handle
  } catch (error) {
    handle.close()
    removeFile?.()
    throw error
  }
}

/** A listening socket with its accept loop and its file, which is removed at close. */
export class RawListener {
  readonly #handle: SocketHandle
  readonly #acceptLoop: AcceptLoop
  readonly #removeFile: () => void
  readonly #endAtExit: () => void

  /**
   * @param handle - Consumed, also when this throws.
   * @param onConnection - Receives each connection, and owns it.
   * @param ownsFile - Removes the socket file at close; false for a socket that another process bound.
   */
  constructor(
    handle: SocketHandle,
    address: UnixAddress,
    onConnection: (client: SocketHandle) => void,
    onError: (error: Error) => void,
    ownsFile = true,
  ) {
    this.#handle = handle
    this.#removeFile = ownsFile ? boundFile(address) : () => {}
    // The descriptor is the process's: it outlasts the thread.
    this.#endAtExit = atExit(`listener ${handle.fd}`, () => handle.close())
    markThread(handle.fd)
    try {
      this.#acceptLoop = startAcceptLoop(handle, onConnection, onError)
    } catch (error) {
      this.#endAtExit()
      handle.close()
      this.#removeFile()
      throw error
    }
  }

  unref(): void {
    this.#acceptLoop.unref()
  }

  /** Returns false when it was closed already. */
  close(): boolean {
    if (this.#handle.closed) return false
    this.#endAtExit()
    this.#acceptLoop.close()
    this.#handle.close()
    this.#removeFile()
    return true
  }
}

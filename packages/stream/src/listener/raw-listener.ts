/** The listening socket under listeners that Node has no class for: connecting to it, opening it, and closing it. */
import { outOfRange, sockets, type SocketHandle, type SocketType, type UnixAddress } from '@uds/winsock-ffi'
import { acceptLoop, type AcceptLoop } from './accept-loop.ts'
import { boundFile } from './bound-file.ts'

/** As many as Node lets wait for accept unless told otherwise. */
const DEFAULT_BACKLOG = 511

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
 * @throws RangeError `ERR_OUT_OF_RANGE` for the backlog; SocketError as `sockets.bind` and `sockets.listen`.
 */
export const listenNow = (
  at: UnixAddress,
  type: SocketType,
  backlog: number | undefined,
  where: string,
): SocketHandle => {
  const most = backlog ?? DEFAULT_BACKLOG
  if (!Number.isInteger(most) || most < 1)
    throw outOfRange(where, 'the backlog', 'an integer, 1 or more', backlog)
  const handle = sockets.open('unix', type)
  let removeFile: (() => void) | undefined
  try {
    handle.setNonblocking(true)
    sockets.bind(handle, at)
    removeFile = boundFile(at)
    sockets.listen(handle, most)
    return handle
  } catch (error) {
    handle.close()
    removeFile?.()
    throw error
  }
}

/** A listening socket that is accepted from until it is closed, and its file, which goes with it. */
export class RawListener {
  readonly #handle: SocketHandle
  readonly #accepting: AcceptLoop
  readonly #removeFile: () => void

  /**
   * @param handle - Consumed, also when this throws.
   * @param take - Gets each connection, and owns it.
   */
  constructor(
    handle: SocketHandle,
    address: UnixAddress,
    take: (client: SocketHandle) => void,
    failed: (error: Error) => void,
  ) {
    this.#handle = handle
    this.#removeFile = boundFile(address)
    try {
      this.#accepting = acceptLoop(handle, take, failed)
    } catch (error) {
      handle.close()
      this.#removeFile()
      throw error
    }
  }

  unref(): void {
    this.#accepting.unref()
  }

  /** False when it was closed already. */
  close(): boolean {
    if (this.#handle.closed) return false
    this.#accepting.close()
    this.#handle.close()
    this.#removeFile()
    return true
  }
}

/** bind, listen, accept, connect. */
import type { SocketAddress } from '../address/socket-address.ts'
import { openFd, SocketHandle } from '../handle/socket-handle.ts'
import { checkOptions, optionNames } from '../options/check-options.ts'
import { systemCalls } from '../system-calls/select.ts'
import { awaitInput, waitAndRetry, timedOut, readTimeout, type WaitOptions } from '../waiting/waiting.ts'
import { readBacklog } from './backlog.ts'
import { checkAddress, requireTerminated, subjectOf } from './arguments.ts'

export interface BindOptions {
  /**
   * Take a port whose last connections are still in TIME_WAIT. Windows does so in any case; `SO_REUSEADDR` there lets
   * another program have the port of a listener that is alive, and is not set.
   */
  readonly reuseAddress?: boolean | undefined
}

const BIND_OPTIONS = optionNames<BindOptions>({ reuseAddress: true })

/**
 * Binds the socket to its address. On Linux `UnixAddress.unnamed` lets the system choose an abstract name (unix(7), autobind).
 * AF_UNIX creates a file, which stays when the socket is closed: remove it yourself.
 *
 * @throws SocketError `EADDRINUSE` when anything exists at the path, `ENOENT` when its directory does not, `EACCES`.
 * @see bind(2)
 */
export const bind = (handle: SocketHandle, address: SocketAddress, options?: BindOptions): void => {
  const fd = openFd(handle, 'bind')
  checkOptions(options, 'bind', BIND_OPTIONS)
  checkAddress(handle, address, 'bind')
  requireTerminated(address)
  if (options?.reuseAddress && handle.family !== 'unix') systemCalls.reuseAddress(fd)
  const result = systemCalls.bind(fd, address.encode())
  if (result < 0) throw systemCalls.toError(-result, 'bind', subjectOf(address))
}

/**
 * Lets clients connect.
 *
 * @param backlog - How many connections may wait for `accept`. The system caps it (net.core.somaxconn, 4096 on Linux).
 *   511 unless passed.
 * @throws RangeError `ERR_OUT_OF_RANGE` for a backlog below 0.
 * @see listen(2)
 */
export const listen = (handle: SocketHandle, backlog?: number): void => {
  const fd = openFd(handle, 'listen')
  const result = systemCalls.listen(fd, readBacklog(backlog, 'listen'))
  if (result < 0) throw systemCalls.toError(-result, 'listen')
}

/**
 * Takes the next connection. Its address is `peerAddress` of the socket that it returns.
 *
 * @throws SocketError `ETIMEDOUT`, `EAGAIN` when non-blocking, `EMFILE`, `EINVAL` when the socket does not listen.
 * @see accept(2)
 */
export const accept = (handle: SocketHandle, options?: WaitOptions): SocketHandle => {
  const fd = openFd(handle, 'accept')
  const timeoutMs = readTimeout(options, 'accept')
  // accept has no flag against waiting. Polled for, a connection that is reset before it is taken would block it.
  const nonblocking = handle.nonblocking || timeoutMs < 0
  if (!nonblocking) systemCalls.setNonblocking(fd, true)
  let accepted: number
  try {
    awaitInput(fd, 'accept', timeoutMs)
    const first = systemCalls.accept(fd)
    accepted =
      first >= 0 ? first : waitAndRetry(handle, fd, 'accept', timeoutMs, first, () => systemCalls.accept(fd))
  } catch (error) {
    if (!nonblocking) systemCalls.setNonblocking(fd, false)
    throw error
  }
  const connection = new SocketHandle(accepted, handle.family, handle.type)
  try {
    if (!nonblocking) systemCalls.setNonblocking(fd, false)
  } catch (error) {
    connection.close()
    throw error
  }
  return connection
}

/**
 * Connects to a server, or names the peer of a datagram socket.
 *
 * @throws SocketError `ECONNREFUSED` when nobody listens (a stale socket file), `ENOENT` when there is no such file,
 *   `EACCES` without write permission on it, `ETIMEDOUT`, `EISCONN`. Non-blocking without `timeoutMs`: `EINPROGRESS`
 *   on POSIX and `EAGAIN` on Windows (poll for writable, then read SO_ERROR); on Linux AF_UNIX connects at once or
 *   fails with `EAGAIN` when the backlog is full.
 * @see connect(2)
 */
export const connect = (handle: SocketHandle, address: SocketAddress, options?: WaitOptions): void => {
  const fd = openFd(handle, 'connect')
  checkAddress(handle, address, 'connect')
  const timeoutMs = readTimeout(options, 'connect')
  const waits = timeoutMs >= 0 || !handle.nonblocking
  const result = waits
    ? systemCalls.connectWithin(fd, address.encode(), timeoutMs)
    : systemCalls.connect(fd, address.encode())
  if (waits) systemCalls.setNonblocking(fd, handle.nonblocking)
  if (result >= 0) return
  const error = systemCalls.toError(-result, 'connect', subjectOf(address))
  throw error.code === 'ETIMEDOUT' && timeoutMs >= 0 ? timedOut('connect', timeoutMs, error.address) : error
}

/** send, recv, available, shutdown. */
import type { SocketAddress } from '../address/socket-address.ts'
import { openFd, type SocketHandle } from '../handle/socket-handle.ts'
import { optionNames } from '../options/check-options.ts'
import { systemCalls } from '../system-calls/select.ts'
import { awaitInput, dontWait, waitAndRetry, readTimeout, type WaitOptions } from '../waiting/waiting.ts'
import { checkBytes, checkOneOf, checkRoom } from './arguments.ts'
import { RECEIVE_OPTIONS, sendMessage, type ReceiveOptions } from './messages.ts'

export interface SendOptions extends WaitOptions {
  /** Where a datagram goes, on a socket that is not connected. */
  readonly to?: SocketAddress | undefined
}

const SEND_OPTIONS = optionNames<SendOptions>({ timeoutMs: true, to: true })

/**
 * Sends bytes.
 *
 * @returns How many were sent. On a stream that may be fewer than passed, when the call is non-blocking or has a
 *   deadline, or on Windows: send the rest with another call.
 * @throws SocketError `EPIPE` or `ECONNRESET` when the peer has gone (no signal is raised), `ETIMEDOUT`, `EAGAIN` when
 *   non-blocking, `EMSGSIZE` for a datagram that is too long.
 * @see send(2)
 */
export const send = (handle: SocketHandle, data: Uint8Array, options?: SendOptions): number => {
  const fd = openFd(handle, 'send')
  checkBytes(data, 'send', 'the data')
  if (data.byteLength > systemCalls.longestStreamSend && handle.type === 'stream') {
    return send(handle, data.subarray(0, systemCalls.longestStreamSend), options)
  }
  const timeoutMs = readTimeout(options, 'send', SEND_OPTIONS)
  if (options?.to) return sendMessage(handle, { data, to: options.to }, { timeoutMs: options.timeoutMs })
  const flags = dontWait(timeoutMs)
  const sent = systemCalls.send(fd, data, flags)
  return sent >= 0 ? sent : waitAndRetry(handle, fd, 'send', timeoutMs, sent, systemCalls.send, data, flags)
}

/**
 * Receives bytes.
 *
 * @returns How many were received; 0 at the end of the stream, when the peer has shut down or closed. (A datagram of
 *   no bytes is 0 as well.) A datagram longer than the buffer is cut: `truncated` of `sockets.receiveMessage` says so.
 * @throws SocketError `ETIMEDOUT`, `EAGAIN` when non-blocking, `ECONNRESET` when the peer closed with our bytes unread.
 * @see recv(2)
 */
export const recv = (handle: SocketHandle, buffer: Uint8Array, options?: ReceiveOptions): number => {
  const fd = openFd(handle, 'recv')
  checkRoom(buffer, 'recv')
  const timeoutMs = readTimeout(options, 'recv', RECEIVE_OPTIONS)
  const flags = (options?.peek ? systemCalls.MSG_PEEK : 0) | dontWait(timeoutMs)
  awaitInput(fd, 'recv', timeoutMs)
  const received = systemCalls.recv(fd, buffer, flags)
  return received >= 0
    ? received
    : waitAndRetry(handle, fd, 'recv', timeoutMs, received, systemCalls.recv, buffer, flags)
}

/** Bytes that `recv` would return at once; of a datagram socket, the size of the next one (on macOS, of all). */
export const available = (handle: SocketHandle): number => systemCalls.available(openFd(handle, 'ioctl'))

export const directions = { read: 0, write: 1, both: 2 } as const

/**
 * Ends one direction, or both. After `write` the peer reads the end of the stream and can still answer.
 *
 * @throws SocketError `ENOTCONN` when the socket is not connected.
 * @see shutdown(2)
 */
export const shutdown = (handle: SocketHandle, how: 'read' | 'write' | 'both' = 'both'): void => {
  const fd = openFd(handle, 'shutdown')
  checkOneOf(directions, how, 'shutdown', 'the direction')
  const result = systemCalls.shutdown(fd, directions[how])
  if (result < 0) throw systemCalls.toError(-result, 'shutdown')
}

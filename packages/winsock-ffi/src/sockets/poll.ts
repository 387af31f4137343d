/** poll: waits for several sockets. */
import { deadlineIn } from '../system-calls/deadline.ts'
import { invalidValue } from '../errors/wrong-argument.ts'
import { openFd, type SocketHandle } from '../handle/socket-handle.ts'
import { FAILED, HANGUP, READABLE, WRITABLE } from '../system-calls/system-calls.ts'
import { systemCalls } from '../system-calls/select.ts'
import { readTimeout, type WaitOptions } from '../waiting/waiting.ts'

/** What `sockets.poll` waits for on one socket. */
export interface PollRequest {
  readonly socket: SocketHandle
  readonly readable?: boolean | undefined
  readonly writable?: boolean | undefined
}

/** A socket that `sockets.poll` found ready. */
export interface PollResult {
  readonly socket: SocketHandle
  /** `recv` or `accept` will not wait. */
  readonly readable: boolean
  /** `send` will not wait. */
  readonly writable: boolean
  /** The peer has closed. There may be bytes left to read. */
  readonly hangup: boolean
  /** An error waits: read it with `getOption(socket, 'SO_ERROR')`. */
  readonly error: boolean
}

/**
 * Waits until one of several sockets is ready.
 *
 * @returns Those that are; none when the time is up.
 * @see poll(2); https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsapoll
 */
export const poll = (requests: readonly PollRequest[], options?: WaitOptions): PollResult[] => {
  const fds = requests.map(({ socket }) => openFd(socket, 'poll'))
  const interests = requests.map(
    ({ readable, writable }) => (readable ? READABLE : 0) | (writable ? WRITABLE : 0),
  )
  const timeoutMs = readTimeout(options, 'poll')
  if (fds.length === 0) throw invalidValue('poll', 'the list of sockets', 'must not be empty', requests)
  const left = deadlineIn(timeoutMs)
  const ready: number[] = []
  for (;;) {
    const result = systemCalls.poll(fds, interests, left(), ready)
    if (result < 0 && !systemCalls.isInterrupted(-result)) throw systemCalls.toError(-result, 'poll')
    if (result > 0 || (result === 0 && left() === 0)) break
  }
  return requests.flatMap(({ socket }, index) => {
    const bits = ready[index] ?? 0
    if (bits === 0) return []
    const has = (bit: number): boolean => (bits & bit) !== 0
    return [
      { socket, readable: has(READABLE), writable: has(WRITABLE), hangup: has(HANGUP), error: has(FAILED) },
    ]
  })
}

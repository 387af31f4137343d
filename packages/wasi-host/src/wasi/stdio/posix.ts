/** openDescriptorPoll of POSIX: is a standard stream readable or writable? */
import { sockets, type SocketHandle } from '@uds/winsock-ffi'
import type { DescriptorPoll, OpenDescriptorPoll } from './descriptor-poll.ts'

/** POSIX' least PIPE_BUF, and that of Linux: so much a pipe takes that is writable. pipe(7) */
const PIPE_BUF = 512
const LINUX_PIPE_BUF = 4096

const available = (handle: SocketHandle): number => {
  try {
    return sockets.available(handle)
  } catch {
    // The descriptor has no FIONREAD.
    return 0
  }
}

/** poll(2), which takes any descriptor. Without koffi the state is unknown. */
export const openDescriptorPoll: OpenDescriptorPoll = (fd, system): DescriptorPoll => {
  let handle: SocketHandle | undefined
  try {
    handle = sockets.fromFd(fd, 'unix')
    sockets.poll([{ socket: handle, readable: true }], { timeoutMs: 0 })
  } catch {
    handle?.release()
    handle = undefined
  }
  return {
    writeAtOnce: handle ? (system === 'linux' ? LINUX_PIPE_BUF : PIPE_BUF) : Infinity,
    state: () => {
      if (!handle) return undefined
      const [found] = sockets.poll([{ socket: handle, readable: true, writable: true }], { timeoutMs: 0 })
      const { readable = false, writable = false, hangup = false, error = false } = found ?? {}
      const ended = hangup || error
      return {
        readable: readable || ended,
        writable: writable || ended,
        hangup: ended,
        available: readable ? available(handle) : 0,
      }
    },
    release: () => {
      handle?.release()
      handle = undefined
    },
  }
}

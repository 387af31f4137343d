/** connectWithin of POSIX: connect(2) with a timeout. */
import { constants as os } from 'node:os'
import { deadlineIn } from '../deadline.ts'
import { layout } from '../../address/layout.ts'
import { familyOf } from '../../address/sockaddr.ts'
import { constants as c } from '../../constants/posix.ts'
import { libc } from '../../libraries/posix/prototypes.ts'

const { EAGAIN, EINPROGRESS, EINTR, ETIMEDOUT } = os.errno

const setNonblocking = (fd: number, on: boolean): void => {
  const flags = libc.fcntl(fd, c.F_GETFL, 0)
  libc.fcntl(fd, c.F_SETFL, on ? flags | c.O_NONBLOCK : flags & ~c.O_NONBLOCK)
}

/** struct timeval { time_t tv_sec; suseconds_t tv_usec; }, 16 bytes; 0 waits for ever. */
const setSendTimeout = (fd: number, ms: number): void => {
  const timeval = BigInt64Array.of(BigInt(Math.floor(ms / 1000)), BigInt(Math.ceil((ms % 1000) * 1000)))
  libc.setsockopt(fd, c.SOL_SOCKET, c.SO_SNDTIMEO, timeval, 16)
}

/**
 * An AF_UNIX connect waits while the backlog is full. Non-blocking it fails with EAGAIN, which no poll can wait for,
 * so it is made blocking and SO_SNDTIMEO bounds it (unix(7) EAGAIN; `sock_sndtimeo` in Linux' net/unix/af_unix.c).
 * macOS refuses at once when the backlog is full.
 */
const connectUnix = (fd: number, address: Uint8Array, timeoutMs: number): number => {
  setNonblocking(fd, false)
  const left = deadlineIn(timeoutMs)
  for (;;) {
    // At least a microsecond, as 0 would mean for ever.
    if (timeoutMs >= 0) setSendTimeout(fd, Math.max(left(), 0.001))
    const result = libc.connect.attempt(fd, address, address.length)
    if (-result === EINTR && (timeoutMs < 0 || left() > 0)) continue
    if (timeoutMs >= 0) setSendTimeout(fd, 0)
    return timeoutMs >= 0 && (-result === EAGAIN || -result === EINTR) ? -ETIMEDOUT : result
  }
}

/** The ordinary way: connect without waiting, poll until writable, ask SO_ERROR (connect(2) EINPROGRESS). */
const connectInet = (fd: number, address: Uint8Array, timeoutMs: number): number => {
  setNonblocking(fd, true)
  const begun = libc.connect.attempt(fd, address, address.length)
  if (-begun !== EINPROGRESS && -begun !== EINTR) return begun
  const left = deadlineIn(timeoutMs)
  const pollfd = new DataView(new ArrayBuffer(8))
  pollfd.setInt32(0, fd, true)
  pollfd.setInt16(4, c.POLLOUT, true)
  for (;;) {
    const ready = libc.poll.attempt(pollfd, 1, left())
    if (ready === 0) return -ETIMEDOUT
    if (ready > 0) break
    if (-ready !== EINTR) return ready
  }
  const error = new Int32Array(1)
  libc.getsockopt(fd, c.SOL_SOCKET, c.SO_ERROR, error, Uint32Array.of(4))
  return -error[0]!
}

export const connectWithin = (fd: number, address: Uint8Array, timeoutMs: number): number =>
  familyOf(address, layout) === c.AF_UNIX
    ? connectUnix(fd, address, timeoutMs)
    : connectInet(fd, address, timeoutMs)

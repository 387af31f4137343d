/** open, fromFd, pair, setNonblocking, close. */
import { invalidArgument, outOfRange } from '../errors/wrong-argument.ts'
import { SocketError } from '../errors/socket-error.ts'
import { openFd, SocketHandle } from '../handle/socket-handle.ts'
import type { SocketFamily, SocketType } from '../system-calls/system-calls.ts'
import { layout } from '../address/layout.ts'
import { systemCalls } from '../system-calls/select.ts'
import { checkOneOf } from './arguments.ts'

const families: Readonly<Record<SocketFamily, number>> = {
  unix: layout.AF_UNIX,
  inet: layout.AF_INET,
  inet6: layout.AF_INET6,
  // Refused before any call where there is none.
  vsock: layout.AF_VSOCK ?? 0,
}

/**
 * Opens a socket. Child processes do not inherit it.
 *
 * @throws SocketError `EAFNOSUPPORT` where the system has no such family: AF_UNIX on Windows before 10 1803. On
 *   Windows AF_UNIX has streams only (`EAFNOSUPPORT` or `ESOCKTNOSUPPORT`), on macOS no seqpacket (`EPROTONOSUPPORT`);
 *   vsock outside of Linux, and in a kernel without it.
 * @see socket(2); https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsasocketw
 */
export const open = (family: SocketFamily, type: SocketType = 'stream'): SocketHandle => {
  checkOneOf(families, family, 'open', 'the family')
  checkOneOf(systemCalls.types, type, 'open', 'the type')
  if (family === 'vsock' && layout.AF_VSOCK === undefined)
    throw new SocketError({
      code: 'EAFNOSUPPORT',
      syscall: 'socket',
      detail: 'only Linux has vsock sockets here',
    })
  return new SocketHandle(systemCalls.open(families[family], systemCalls.types[type]), family, type)
}

/**
 * Takes charge of a socket that something else opened: a descriptor of systemd, of a parent process.
 *
 * @throws RangeError `ERR_OUT_OF_RANGE` for a number that no socket can have.
 */
export const fromFd = (fd: number, family: SocketFamily, type: SocketType = 'stream'): SocketHandle => {
  if (!Number.isSafeInteger(fd) || fd < 0)
    throw outOfRange('fromFd', 'the descriptor', 'an integer, 0 or more', fd)
  checkOneOf(families, family, 'fromFd', 'the family')
  checkOneOf(systemCalls.types, type, 'fromFd', 'the type')
  return new SocketHandle(fd, family, type, true)
}

/**
 * Two AF_UNIX sockets that are connected to each other.
 *
 * ## Platform behaviour
 * socketpair(2) on POSIX. Windows has none, so there a listener on a temporary name makes a pair of streams.
 */
export const pair = (type: SocketType = 'stream'): [SocketHandle, SocketHandle] => {
  checkOneOf(systemCalls.types, type, 'pair', 'the type')
  const [a, b] = systemCalls.pair(systemCalls.types[type])
  return [new SocketHandle(a, 'unix', type), new SocketHandle(b, 'unix', type)]
}

/** Sets whether calls without `timeoutMs` wait. */
export const setNonblocking = (handle: SocketHandle, on: boolean): void => {
  openFd(handle, 'setNonblocking')
  handle.setNonblocking(on)
}

/** Closes a socket. Closing twice is no error. */
export const close = (handle: SocketHandle): void => {
  if (!(handle instanceof SocketHandle))
    throw invalidArgument('close', 'the socket', 'a SocketHandle', handle)
  handle.close()
}

/** SocketHandle: an open socket; openFd. */
import { invalidArgument } from '../errors/wrong-argument.ts'
import { closedError, Descriptor } from './descriptor.ts'
import type { SocketFamily, SocketType } from '../system-calls/system-calls.ts'
import { systemCalls } from '../system-calls/select.ts'

/** An open socket. */
export class SocketHandle extends Descriptor {
  readonly family: SocketFamily
  readonly type: SocketType
  /** Something else opened it: Node's loop may watch its number already. */
  readonly foreign: boolean
  #nonblocking = false

  constructor(fd: number, family: SocketFamily, type: SocketType, foreign = false) {
    super(fd, 'the socket')
    this.family = family
    this.type = type
    this.foreign = foreign
  }

  /** True when calls without `timeoutMs` fail with `EAGAIN` instead of waiting. */
  get nonblocking(): boolean {
    return this.#nonblocking
  }

  /**
   * Sets whether calls without `timeoutMs` wait. A copy of the descriptor in another process or thread is affected
   * as well (the flag belongs to the open file description), except on Windows.
   */
  setNonblocking(on: boolean): void {
    if (typeof on !== 'boolean') throw invalidArgument('setNonblocking', 'the mode', 'a boolean', on)
    systemCalls.setNonblocking(openFd(this, 'setNonblocking'), on)
    this.#nonblocking = on
  }
}

/**
 * The number of an open handle.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for anything but a handle; SocketError `EBADF` for a closed one.
 */
export const openFd = (handle: SocketHandle, syscall: string): number => {
  if (!(handle instanceof SocketHandle)) {
    throw invalidArgument(syscall, 'the socket', 'a SocketHandle, as sockets.open returns it', handle)
  }
  const fd = handle.fd
  if (fd < 0) throw closedError(syscall)
  return fd
}

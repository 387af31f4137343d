import { invalidArgument, SocketError } from '../errors/socket-error.ts'
import type { SocketFamily, SocketType } from '../system-calls/system-calls.ts'
import { native } from '../system-calls/select.ts'

/** Tells of handles that were forgotten open. It only reports: when memory is collected is no time to close. */
const forgotten = new FinalizationRegistry<string>((what) => {
  process.emitWarning(`${what} was garbage collected while open; call close()`, {
    type: 'SocketLeakWarning',
    code: 'UDS_LEAKED_HANDLE',
  })
})

/** What has to end before a handle is given up: the watches on it. */
const releases = new WeakMap<Descriptor, Set<() => void>>()

/** Calls back just before the handle is closed or released. Gives a function that takes this back. */
export const onRelease = (handle: Descriptor, callback: () => void): (() => void) => {
  const callbacks = releases.get(handle) ?? new Set()
  releases.set(handle, callbacks.add(callback))
  return () => callbacks.delete(callback)
}

/**
 * Something of the system that this process owns: a number that is valid until it is closed, released or consumed.
 * Descriptors that arrive with `sockets.receiveMessage` are of this class; sockets are {@link SocketHandle}s.
 */
export class Descriptor {
  #fd: number

  constructor(fd: number, what: string) {
    this.#fd = fd
    forgotten.register(this, `${what} ${fd}`, this)
  }

  /** The file descriptor, or the SOCKET on Windows; -1 once this is closed. */
  get fd(): number {
    return this.#fd
  }

  get closed(): boolean {
    return this.#fd < 0
  }

  /**
   * Gives the number to somebody else, who closes it from now on. This object is then closed.
   *
   * @throws SocketError `EBADF` when it is closed already.
   */
  release(): number {
    const fd = this.#fd
    if (fd < 0) throw closedError('release')
    for (const callback of releases.get(this) ?? []) callback()
    this.#fd = -1
    forgotten.unregister(this)
    return fd
  }

  /** Closes it. Closing twice is no error. */
  close(): void {
    if (this.#fd < 0) return
    const result = native.close(this.release())
    if (result < 0) throw native.toError(-result, 'close')
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** An open socket. */
export class SocketHandle extends Descriptor {
  readonly family: SocketFamily
  readonly type: SocketType
  #nonblocking = false

  constructor(fd: number, family: SocketFamily, type: SocketType) {
    super(fd, 'the socket')
    this.family = family
    this.type = type
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
    native.setNonblocking(openFd(this, 'setNonblocking'), on)
    this.#nonblocking = on
  }
}

const closedError = (syscall: string): SocketError =>
  new SocketError({
    code: 'EBADF',
    syscall,
    detail: 'the handle is closed',
    advice: 'it was closed, released or adopted before this call',
  })

/**
 * The number of an open handle.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for anything but a handle; SocketError `EBADF` for a closed one.
 */
export const openFd = (handle: SocketHandle, syscall: string): number => {
  if (!(handle instanceof SocketHandle)) {
    throw invalidArgument(syscall, 'the socket', 'a SocketHandle, as sockets.open gives it', handle)
  }
  const fd = handle.fd
  if (fd < 0) throw closedError(syscall)
  return fd
}

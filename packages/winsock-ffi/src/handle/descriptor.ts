/** `Descriptor`: a number of the system that is closed once, with a warning when the program forgets it. */
import { SocketError } from '../errors/socket-error.ts'
import { systemCalls } from '../system-calls/select.ts'

/** Warns of handles that were forgotten open. It does not close them: when memory is collected is no time to close. */
const forgotten = new FinalizationRegistry<string>((what) => {
  process.emitWarning(`${what} was garbage collected while open; call close()`, {
    type: 'SocketLeakWarning',
    code: 'UDS_LEAKED_HANDLE',
  })
})

/** What ends before a handle is closed or released: the watches on it. */
const releases = new WeakMap<Descriptor, Set<() => void>>()

/**
 * Calls back just before the handle is closed or released.
 *
 * @returns A function that takes this back.
 */
export const onRelease = (handle: Descriptor, callback: () => void): (() => void) => {
  const callbacks = releases.get(handle) ?? new Set()
  releases.set(handle, callbacks.add(callback))
  return () => callbacks.delete(callback)
}

/**
 * Something of the system that this process owns: a number that is valid until it is closed, released or consumed.
 * Descriptors that arrive with `sockets.receiveMessage` are of this class; sockets are `SocketHandle`s.
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
   * Hands the number over: the caller closes it from now on. This object is then closed.
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
    const result = systemCalls.close(this.release())
    if (result < 0) throw systemCalls.toError(-result, 'close')
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** The error of a call on a closed handle. */
export const closedError = (syscall: string): SocketError =>
  new SocketError({
    code: 'EBADF',
    syscall,
    detail: 'the handle is closed',
    advice: 'it was closed, released or adopted before this call',
  })

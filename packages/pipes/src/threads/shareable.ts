/** Shareable: an object whose handle clones share; clones, tokens, close. */
import { invalidArgument } from '@uds/winsock-ffi'
import { boolean } from '@uds/winsock-ffi/internal'
import { closed, notSupported } from '../errors/errors.ts'
import { canShare } from './memory.ts'
import { closeReference, noteOpen, forgetOpen, type OpenHandle } from './open-handles.ts'
import { SharedState } from './state.ts'
import { makeToken, type TransferKind, type TransferToken } from './token.ts'

/** Warns of objects that were forgotten open. It does not close them: when memory is collected is no time to close. */
const forgotten = new FinalizationRegistry<string>((what) => {
  process.emitWarning(`a ${what} was garbage collected while open; call close()`, {
    type: 'PipeLeakWarning',
    code: 'UDS_LEAKED_PIPE',
  })
})

/** Something with a handle that clones share, in this thread and others. The last one that closes closes the handle. */
export abstract class Shareable {
  /** The name of the class, for messages and tokens. */
  readonly kind: TransferKind
  #handle: OpenHandle | undefined

  /**
   * @param destroy - Closes the handle; the last reference is gone. It must not refer to this object: it may outlive it.
   */
  protected constructor(state: SharedState, kind: TransferKind, destroy: (state: SharedState) => void) {
    if (!(state instanceof SharedState)) {
      const wanted =
        'made by this package: call a static function such as connect, bind or pair instead of new'
      throw invalidArgument(`new ${kind}`, 'the state', wanted, state)
    }
    this.kind = kind
    this.#handle = { state, destroy }
    noteOpen(this.#handle, kind)
    forgotten.register(this, kind, this)
  }

  /** What the token has to carry beside the shared memory. */
  protected abstract details(): Readonly<Record<string, unknown>>

  /**
   * The state of an open object.
   *
   * @throws SocketError `EBADF` when it is closed.
   */
  protected opened(syscall: string): SharedState {
    if (this.#handle === undefined) throw closed(syscall, this.kind)
    return this.#handle.state
  }

  /** True once this object was closed, transferred or released as a raw handle. Clones are not affected by that. */
  get closed(): boolean {
    return this.#handle === undefined
  }

  /** Another reference to the same handle, for a clone. */
  protected retained(syscall: string): SharedState {
    const state = this.opened(syscall)
    state.retain()
    return state
  }

  /** Surrenders the handle: this object is closed from here on, and the reference is the caller's. */
  #surrender(syscall: string): OpenHandle {
    const handle = this.#handle
    if (handle === undefined) throw closed(syscall, this.kind)
    this.#handle = undefined
    forgetOpen(handle)
    forgotten.unregister(this)
    return handle
  }

  /**
   * Closes this object; the handle itself is closed with the last of its clones. Closing twice is no error. What was
   * written is delivered: the peer can read it, and then the end.
   */
  close(): void {
    if (this.#handle !== undefined) closeReference(this.#surrender('close'))
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Sets whether calls wait. It holds for all clones, in all threads: a running call ends with `EAGAIN` (one with
   * `timeoutMs` does not).
   */
  setNonblocking(on: boolean): void {
    const state = this.opened('setNonblocking')
    state.nonblocking = boolean('setNonblocking', 'the mode', on)
  }

  /** Whether calls fail with `EAGAIN` where they would have to wait. */
  nonblocking(): boolean {
    return this.opened('nonblocking').nonblocking
  }

  /**
   * Makes a token that `postMessage` or `workerData` carries to a `worker_threads` Worker, where `fromTransfer` makes an
   * object of it again. This object is closed by it: to go on using it here, transfer a clone
   * (`stream.tryClone().transfer()`). A token that is never used keeps the handle open.
   *
   * @throws SocketError `ENOTSUP` in a thread without `SharedArrayBuffer`: that of a window of Electron.
   */
  transfer(): TransferToken {
    const state = this.opened('transfer')
    if (!canShare()) {
      throw notSupported(
        'transfer',
        'threads share memory here only where SharedArrayBuffer is defined',
        'in Electron, open the stream in the main or a utility process, not in a window',
      )
    }
    state.makeWakeable()
    const details = this.details()
    return makeToken(this.kind, this.#surrender('transfer').state, details)
  }

  /**
   * The number of the handle: a descriptor, a SOCKET, a HANDLE. It stays this object's.
   *
   * ## Platform behaviour
   * A SOCKET on Windows is always non-blocking for Winsock, a HANDLE of a pipe always overlapped.
   */
  get rawHandle(): number {
    const state = this.opened('rawHandle')
    state.leavesThread()
    return state.handle
  }

  /**
   * Hands the handle over: the caller closes it from now on. This object is closed by it.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE` while there are clones: they would go on using it.
   */
  intoRawHandle(): number {
    const state = this.opened('intoRawHandle')
    if (state.references > 1) {
      throw invalidArgument(
        'intoRawHandle',
        `the ${this.kind}`,
        'the only one, without clones and tokens',
        this,
      )
    }
    state.leavesThread()
    const handle = state.handle
    this.#surrender('intoRawHandle').state.release()
    state.dispose()
    return handle
  }
}

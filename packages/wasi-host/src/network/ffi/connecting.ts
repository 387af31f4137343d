/** FfiConnecting: a connect that is under way, over system calls. */
import { sockets, type SocketHandle } from '@uds/winsock-ffi'
import type { Address } from '../address.ts'
import { Failure } from '../../outcome/failure.ts'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import type { Connecting, OptionName, StreamEnd } from '../network.ts'
import { applyOption, toSystem } from './end.ts'
import { FfiStreamEnd } from './stream-end.ts'

/** RFC 8305, section 5. */
const HEAD_START_MS = 250
/** How often a connect is made again that found a full backlog. */
const RETRY_MS = 5

/** Connects to the first of several addresses that answers: one after the other, each with a head start. */
export class FfiConnecting implements Connecting {
  readonly local: Address | undefined = undefined
  readonly #addresses: Address[]
  readonly #open: (address: Address) => SocketHandle
  #attempts: { readonly handle: SocketHandle; readonly address: Address; again: boolean }[] = []
  #nextAt = 0
  #failure: unknown = new Failure('EHOSTUNREACH', 'there is no address to connect to')

  constructor(addresses: readonly Address[], open: (address: Address) => SocketHandle) {
    this.#addresses = [...addresses]
    this.#open = open
  }

  /** What to poll, and when to look again in any case. */
  get pending(): { readonly handles: readonly SocketHandle[]; readonly withinMs: number } {
    const handles = this.#attempts.filter(({ again }) => !again).map(({ handle }) => handle)
    const again = this.#attempts.some((each) => each.again) ? RETRY_MS : Infinity
    const next = this.#addresses.length > 0 ? Math.max(this.#nextAt - performance.now(), 0) : Infinity
    return { handles, withinMs: Math.min(again, next) }
  }

  #begin(address: Address): void {
    this.#nextAt = performance.now() + HEAD_START_MS
    let handle: SocketHandle | undefined
    try {
      handle = this.#open(address)
      handle.setNonblocking(true)
      this.#attempts.push({ handle, address, again: isFull(handle, address) })
    } catch (error) {
      handle?.close()
      this.#failure = error
      // The next need not wait for this one.
      this.#nextAt = 0
    }
  }

  result(): StreamEnd | typeof NOT_YET {
    for (const attempt of this.#attempts) {
      const { handle, address } = attempt
      try {
        if (attempt.again) {
          attempt.again = isFull(handle, address)
          if (attempt.again) continue
        }
        const [state] = sockets.poll([{ socket: handle, writable: true }], { timeoutMs: 0 })
        if (!state) continue
        const error = sockets.getOption(handle, 'SO_ERROR')
        if (error) throw error
        if (!state.writable) throw new Failure('ECONNREFUSED', 'the connection was refused')
        this.#attempts = this.#attempts.filter((each) => each !== attempt)
        this.close()
        return new FfiStreamEnd(handle)
      } catch (error) {
        this.#attempts = this.#attempts.filter((each) => each !== attempt)
        handle.close()
        this.#failure = error
        this.#nextAt = 0
      }
    }
    while (this.#addresses.length > 0 && (this.#attempts.length === 0 || performance.now() >= this.#nextAt)) {
      this.#begin(this.#addresses.shift()!)
      const begun = this.#attempts.at(-1)
      // AF_UNIX connects at once, and so does loopback mostly.
      if (
        begun &&
        !begun.again &&
        sockets.poll([{ socket: begun.handle, writable: true }], { timeoutMs: 0 }).length > 0
      ) {
        return this.result()
      }
    }
    if (this.#attempts.length === 0) throw this.#failure
    return NOT_YET
  }

  readable(): boolean {
    return false
  }

  writable(): boolean {
    const { handles } = this.pending
    if (this.#attempts.length === 0) return true
    if (handles.length === 0) return false
    return (
      sockets.poll(
        handles.map((socket) => ({ socket, writable: true })),
        { timeoutMs: 0 },
      ).length > 0
    )
  }

  available(): number {
    return 0
  }

  hungUp(): boolean {
    return false
  }

  setOption(name: OptionName, value: number): boolean {
    for (const { handle } of this.#attempts) applyOption(handle, name, value)
    return true
  }

  close(): void {
    for (const { handle } of this.#attempts) handle.close()
    this.#attempts = []
    this.#addresses.length = 0
  }
}

/** Begins to connect. Returns whether the connect must be repeated: the backlog of an AF_UNIX listener is full. */
const isFull = (handle: SocketHandle, address: Address): boolean =>
  sockets.tryConnect(handle, toSystem(address)) === 'full'

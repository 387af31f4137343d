/** Sockets of the system as ends: they are non-blocking, and waited for by poll. */
import { InetAddress, sockets, UnixAddress, type SocketAddress, type SocketHandle } from '@uds/winsock-ffi'
import { fromSystem, type Address } from '../address.ts'
import type { End, OptionName } from '../network.ts'

/** The address as the system wants it. */
export const toSystem = (address: Address): SocketAddress => {
  if (address.family !== 'unix') return new InetAddress(address.host, address.port)
  return address.path.startsWith('\0')
    ? UnixAddress.abstract(address.path.slice(1))
    : UnixAddress.path(address.path)
}

/** Milliseconds that a wait in the system lasts at most before the thread looks whether it is to end: nothing else ends it. */
export const SLICE_MS = 50

/** Something that a socket may not have (yet). */
export const quietly = <T>(action: () => T): T | undefined => {
  try {
    return action()
  } catch {
    return undefined
  }
}

/** Options that go by another type in winsock-ffi than a number. */
export const applyOption = (handle: SocketHandle, name: OptionName, value: number): boolean => {
  // Of streams it is asked for when they are bound: on Windows it would mean something else.
  if (name === 'SO_REUSEADDR' && handle.type === 'stream') return false
  try {
    if (name === 'SO_LINGER') sockets.setOption(handle, name, value < 0 ? null : value)
    else if (name === 'SO_SNDBUF' || name === 'SO_RCVBUF') sockets.setOption(handle, name, value)
    else sockets.setOption(handle, name, value !== 0)
    return true
  } catch {
    // An option that this kind of socket has not: it is remembered, and has no effect.
    return false
  }
}

export abstract class FfiEnd implements End {
  readonly handle: SocketHandle

  constructor(handle: SocketHandle) {
    this.handle = handle
    handle.setNonblocking(true)
  }

  get local(): Address | undefined {
    return quietly(() => fromSystem(sockets.localAddress(this.handle)))
  }

  /** What the socket is ready for, now. */
  #state(): { readable: boolean; writable: boolean; hangup: boolean } {
    if (this.handle.closed) return { readable: true, writable: true, hangup: true }
    const [state] = sockets.poll([{ socket: this.handle, readable: true, writable: true }], { timeoutMs: 0 })
    return state ?? { readable: false, writable: false, hangup: false }
  }

  readable(): boolean {
    const { readable, hangup } = this.#state()
    return readable || hangup
  }

  writable(): boolean {
    return this.#state().writable
  }

  available(): number {
    return quietly(() => sockets.available(this.handle)) ?? 0
  }

  hungUp(): boolean {
    const { hangup, readable, writable } = this.#state()
    // Windows and macOS report a hang-up of the peer's writing half alone as well.
    return hangup && readable && writable && this.bothHalvesGone()
  }

  protected bothHalvesGone(): boolean {
    return true
  }

  setOption(name: OptionName, value: number): boolean {
    return applyOption(this.handle, name, value)
  }

  close(): void {
    this.handle.close()
  }
}

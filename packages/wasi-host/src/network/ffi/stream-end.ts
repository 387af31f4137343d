/** FfiStreamEnd: a stream over system calls. */
import { sockets } from '@uds/winsock-ffi'
import { fromSystem, type Address } from '../address.ts'
import { Failure, failureOf } from '../../outcome/failure.ts'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import type { StreamEnd } from '../network.ts'
import { FfiEnd, quietly, SLICE_MS } from './end.ts'

const PEEKING = { peek: true } as const

/** Bytes that are dropped at a time by a close, and in all: a peer that sends for ever is not waited for. */
const DROPPED_AT_ONCE = 64 * 1024
const MOST_DROPPED = 8 * 1024 * 1024

/** What shutdown(2) fails with once both halves have ended. */
const ended: ReadonlySet<string> = new Set(['ENOTCONN', 'ECONNRESET', 'ECONNABORTED', 'EPIPE'])

export class FfiStreamEnd extends FfiEnd implements StreamEnd {
  #peer: Address | undefined
  #writeEnded = false
  #readEnded = false

  get peer(): Address | undefined {
    // Asked for at every sock_recv, and always the same.
    this.#peer ??= quietly(() => fromSystem(sockets.peerAddress(this.handle)))
    return this.#peer
  }

  protected override bothHalvesGone(): boolean {
    return this.#writeEnded
  }

  read(into: Uint8Array, peek: boolean): number | typeof NOT_YET {
    if (this.#readEnded || into.length === 0) return 0
    try {
      return sockets.tryRecv(this.handle, into, peek ? PEEKING : undefined) ?? NOT_YET
    } catch (error) {
      return this.#broken(error)
    }
  }

  readWaiting(into: Uint8Array): number | typeof NOT_YET {
    if (this.#readEnded || into.length === 0) return 0
    try {
      return sockets.recvWithin(this.handle, into, SLICE_MS) ?? NOT_YET
    } catch (error) {
      return this.#broken(error)
    }
  }

  #broken(error: unknown): never {
    const { code } = failureOf(error)
    // POSIX reports a reset once and then the end; Winsock would report it for ever.
    if (code === 'ECONNRESET' || code === 'ECONNABORTED') this.#readEnded = true
    throw error
  }

  write(from: Uint8Array): number | typeof NOT_YET {
    if (this.#writeEnded) throw new Failure('EPIPE', 'the connection was shut down for writing')
    if (from.length === 0) return 0
    return sockets.trySend(this.handle, from) ?? NOT_YET
  }

  shutdown(how: number): void {
    try {
      sockets.shutdown(this.handle, how === 1 ? 'read' : how === 2 ? 'write' : 'both')
    } catch (error) {
      // It was connected once. That the peer has ended it meanwhile is no failure of this call: shutdown(2) depends on
      // who was first, and the network of Node cannot know.
      if (!ended.has(failureOf(error).code)) throw error
    }
    if ((how & 1) !== 0) this.#readEnded = true
    if ((how & 2) !== 0) this.#writeEnded = true
  }

  /** Ends it; what was written still goes out. */
  override close(): void {
    quietly(() => this.#finish())
    super.close()
  }

  /**
   * A system resets a connection that is closed with bytes unread (RFC 2525, section 2.17), and what was sent last may be
   * lost with it.
   */
  #finish(): void {
    // The guest wants the reset.
    if (sockets.getOption(this.handle, 'SO_LINGER') === 0) return
    if (!this.#writeEnded) sockets.shutdown(this.handle, 'write')
    const dropped = new Uint8Array(DROPPED_AT_ONCE)
    for (let left = MOST_DROPPED; left > 0;) {
      const count = sockets.tryRecv(this.handle, dropped) ?? 0
      if (count === 0) return
      left -= count
    }
  }
}

/** A pair of Duplexes that behaves as a connected socket. */
import { Duplex } from 'node:stream'
import { SocketError } from '@uds/winsock-ffi'

type Done = (error?: Error | null) => void

const HIGH_WATER_MARK = 64 * 1024

const peerClosed = (code: 'EPIPE' | 'ECONNRESET', syscall: string): SocketError =>
  new SocketError({
    code,
    syscall,
    address: 'memory:',
    detail: code === 'EPIPE' ? 'the peer has closed the connection' : 'the peer has destroyed the connection',
  })

/**
 * One end of a connection in memory, as a socket: writes are copied, a full reader blocks the writer, and a peer that
 * closes ends the stream, with ECONNRESET when it failed or left bytes unread.
 */
export class MemoryConnection extends Duplex {
  #peer: MemoryConnection | undefined
  /** The callback of a write that waits for room at the peer. */
  #pendingWrite: Done | undefined
  #ended = false

  constructor(allowHalfOpen: boolean) {
    super({ allowHalfOpen, highWaterMark: HIGH_WATER_MARK })
  }

  /** Two ends that are connected. */
  static pair(allowHalfOpen: readonly [boolean, boolean]): [MemoryConnection, MemoryConnection] {
    const a = new MemoryConnection(allowHalfOpen[0])
    const b = new MemoryConnection(allowHalfOpen[1])
    a.#peer = b
    b.#peer = a
    return [a, b]
  }

  /** True when the other end is closed, whether or not the end was read. */
  get peerHasLeft(): boolean {
    return this.#peer === undefined
  }

  override _read(): void {
    // There is room again.
    const peer = this.#peer
    if (peer) peer.#release()
  }

  #release(): void {
    const pending = this.#pendingWrite
    this.#pendingWrite = undefined
    if (pending) process.nextTick(pending)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    const peer = this.#peer
    if (!peer || peer.destroyed) done(peerClosed('EPIPE', 'write'))
    // The writer may reuse its memory after the callback.
    else if (chunk.length === 0 || peer.push(Buffer.from(chunk))) process.nextTick(done)
    else this.#pendingWrite = done
  }

  override _final(done: Done): void {
    this.#peer?.push(null)
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    const peer = this.#peer
    this.#peer = undefined
    const pending = this.#pendingWrite
    this.#pendingWrite = undefined
    pending?.(peerClosed('EPIPE', 'write'))
    // As of a socket that is closed with bytes unread (unix(7), tcp(7)).
    if (peer && !peer.destroyed) peer.#lost(error !== null || this.readableLength > 0)
    done(error)
  }

  #lost(reset: boolean): void {
    this.#peer = undefined
    const pending = this.#pendingWrite
    this.#pendingWrite = undefined
    process.nextTick(() => {
      if (this.destroyed) return
      // Received bytes are read first, as with a socket; then the stream ends.
      if (reset && this.readableLength === 0) this.destroy(peerClosed('ECONNRESET', 'read'))
      else if (!this.readableEnded && !this.#ended) this.push(null)
      pending?.(peerClosed('EPIPE', 'write'))
    })
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk === null) {
      if (this.#ended) return false
      this.#ended = true
    }
    return super.push(chunk, encoding)
  }
}

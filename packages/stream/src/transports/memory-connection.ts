import { Duplex } from 'node:stream'
import { SocketError } from '@uds/winsock-ffi'

type Done = (error?: Error | null) => void

const HIGH_WATER_MARK = 64 * 1024

const gone = (code: 'EPIPE' | 'ECONNRESET', syscall: string): SocketError =>
  new SocketError({
    code,
    syscall,
    address: 'memory:',
    detail: code === 'EPIPE' ? 'the peer has closed the connection' : 'the peer has destroyed the connection',
  })

/**
 * One end of a connection in memory. It behaves as a socket does: writes are copied, a full reader holds the writer,
 * and a peer that goes is the end of the stream, or ECONNRESET when it failed or left bytes unread.
 */
export class MemoryConnection extends Duplex {
  #peer: MemoryConnection | undefined
  /** The write of this end that waits until the peer has room. */
  #held: Done | undefined
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

  /** True when the other end is closed, whether or not that was read yet. */
  get peerHasLeft(): boolean {
    return this.#peer === undefined
  }

  override _read(): void {
    // There is room again.
    const peer = this.#peer
    if (peer) peer.#release()
  }

  #release(): void {
    const held = this.#held
    this.#held = undefined
    if (held) process.nextTick(held)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    const peer = this.#peer
    if (!peer || peer.destroyed) done(gone('EPIPE', 'write'))
    // The writer may use its memory again as soon as it is called back.
    else if (chunk.length === 0 || peer.push(Buffer.from(chunk))) process.nextTick(done)
    else this.#held = done
  }

  override _final(done: Done): void {
    this.#peer?.push(null)
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    const peer = this.#peer
    this.#peer = undefined
    const held = this.#held
    this.#held = undefined
    held?.(gone('EPIPE', 'write'))
    // As of a socket that is closed with bytes unread (unix(7), tcp(7)).
    if (peer && !peer.destroyed) peer.#lost(error !== null || this.readableLength > 0)
    done(error)
  }

  #lost(reset: boolean): void {
    this.#peer = undefined
    const held = this.#held
    this.#held = undefined
    process.nextTick(() => {
      if (this.destroyed) return
      // What has arrived is still read, as with a socket; then it is the end either way.
      if (reset && this.readableLength === 0) this.destroy(gone('ECONNRESET', 'read'))
      else if (!this.readableEnded && !this.#ended) this.push(null)
      held?.(gone('EPIPE', 'write'))
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

/** PortConnection: a connection between two threads, over a MessagePort of its own. */
import { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import { SocketError } from '@uds/winsock-ffi'
import { CREDIT_AT, type PortMessage, WINDOW } from './messages.ts'

type Done = (error?: Error | null) => void

const HIGH_WATER_MARK = 64 * 1024

/** Chunks whose memory goes to the other thread. A view of each, so that no other write of the same bytes is meant. */
const moved = new WeakSet<Uint8Array>()

const lost = (code: 'EPIPE' | 'ECONNRESET', syscall: string): SocketError =>
  new SocketError({
    code,
    syscall,
    address: 'port:',
    detail: code === 'EPIPE' ? 'the peer has closed the connection' : 'the peer has destroyed the connection',
  })

/**
 * One end of a connection between two threads. Bytes are copied once, into memory that then moves to the other thread;
 * {@link PortConnection.writeMoved} copies nothing. A reader that does not read holds the writer.
 */
export class PortConnection extends Duplex {
  readonly #port: MessagePort
  /** Bytes that the other end has not read yet, as far as this end knows. */
  #inFlight = 0
  /** Bytes that were read here, and for which the other end waits. */
  #owed = 0
  /** Bytes that are here, and that the stream has no room for. */
  #unread = 0
  #pendingWrite: Done | undefined
  #ended = false
  #gone = false
  #opened: ((refused: SocketError | undefined) => void) | undefined

  constructor(port: MessagePort, allowHalfOpen: boolean) {
    super({ allowHalfOpen, highWaterMark: HIGH_WATER_MARK })
    this.#port = port
    port.on('message', (message: PortMessage) => this.#take(message))
    port.on('close', () => this.#closed())
  }

  /** Calls back once, when the other end has accepted, or refused. */
  opened(callback: (refused: SocketError | undefined) => void): void {
    this.#opened = callback
  }

  /** Nobody is there to accept. */
  refuse(): void {
    this.#opened?.(refused('ECONNREFUSED'))
    this.#opened = undefined
  }

  /** True when the other end is closed, whether or not the end was read. */
  get peerHasLeft(): boolean {
    return this.#gone
  }

  /**
   * Writes bytes whose memory moves to the other thread, without a copy, where they are a whole `ArrayBuffer` that can be
   * moved; else as `write`. The caller may not use them again: their length is 0 from then on.
   *
   * @returns as `write`: false asks to wait for `drain`
   */
  writeMoved(bytes: Uint8Array, callback?: (error?: Error | null) => void): boolean {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    moved.add(view)
    return callback === undefined ? this.write(view) : this.write(view, callback)
  }

  #take(message: PortMessage): void {
    if (this.destroyed) return
    if (message instanceof Uint8Array) this.#takeBytes(message)
    else if (typeof message === 'number') this.#takeCredit(message)
    else if (message === 'end') this.#end()
    else if (message === 'reset') this.#reset()
    else {
      this.#opened?.(message === 'open' ? undefined : refused(message.refused))
      this.#opened = undefined
    }
  }

  #takeBytes(bytes: Uint8Array): void {
    const { byteLength } = bytes
    if (this.push(Buffer.from(bytes.buffer, bytes.byteOffset, byteLength))) this.#grant(byteLength)
    else this.#unread += byteLength
  }

  #takeCredit(bytes: number): void {
    this.#inFlight -= bytes
    if (this.#inFlight < WINDOW) this.#release()
  }

  #grant(bytes: number): void {
    this.#owed += bytes
    if (this.#owed < CREDIT_AT || this.#gone) return
    this.#port.postMessage(this.#owed)
    this.#owed = 0
  }

  override _read(): void {
    const unread = this.#unread
    this.#unread = 0
    if (unread > 0) this.#grant(unread)
  }

  #release(error?: Error): void {
    const pending = this.#pendingWrite
    this.#pendingWrite = undefined
    if (pending) process.nextTick(pending, error)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#post([chunk], done)
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: Done): void {
    this.#post(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  #post(chunks: readonly Buffer[], done: Done): void {
    if (this.#gone) {
      done(lost('EPIPE', 'write'))
      return
    }
    let small: Buffer[] = []
    for (const chunk of chunks) {
      if (!moved.has(chunk) || !isWhole(chunk)) small.push(chunk)
      else {
        this.#postCopy(small)
        small = []
        this.#send(new Uint8Array(chunk.buffer))
      }
    }
    this.#postCopy(small)
    if (this.#inFlight < WINDOW) process.nextTick(done)
    else this.#pendingWrite = done
  }

  /** The writer may use its memory again after the callback, so the bytes are copied: into memory that moves. */
  #postCopy(chunks: readonly Buffer[]): void {
    const size = chunks.reduce((sum, { length }) => sum + length, 0)
    if (size === 0) return
    const bytes = new Uint8Array(size)
    let at = 0
    for (const chunk of chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    this.#send(bytes)
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#inFlight += bytes.byteLength
    this.#port.postMessage(bytes, [bytes.buffer])
  }

  override _final(done: Done): void {
    if (!this.#gone) this.#port.postMessage('end')
    done()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.push(null)
  }

  #reset(): void {
    this.#gone = true
    // Received bytes are read first, as with a socket; then the stream ends.
    if (this.readableLength === 0) this.destroy(lost('ECONNRESET', 'read'))
    else this.#closed()
  }

  /** The other end, or its thread, is gone. */
  #closed(): void {
    this.#gone = true
    this.refuse()
    this.#release(lost('EPIPE', 'write'))
    if (!this.destroyed) this.#end()
  }

  override _destroy(error: Error | null, done: Done): void {
    // As of a socket that is closed with bytes unread (unix(7), tcp(7)).
    if (!this.#gone && (error !== null || this.readableLength > 0)) this.#port.postMessage('reset')
    this.#gone = true
    this.#release(lost('EPIPE', 'write'))
    this.#port.close()
    done(error)
  }

  /** As of `net.Socket`: the connection keeps the process alive (the default). */
  ref(): this {
    this.#port.ref()
    return this
  }

  /** As of `net.Socket`: the process may end although the connection is open. */
  unref(): this {
    this.#port.unref()
    return this
  }
}

/** True for bytes that are all of an ArrayBuffer that can move. */
const isWhole = (chunk: Buffer): chunk is Buffer<ArrayBuffer> =>
  chunk.buffer instanceof ArrayBuffer &&
  chunk.byteLength === chunk.buffer.byteLength &&
  chunk.byteLength > 0 &&
  !process.getBuiltinModule('node:worker_threads').isMarkedAsUntransferable(chunk.buffer)

const refused = (code: string): SocketError =>
  new SocketError({
    code,
    syscall: 'connect',
    address: 'port:',
    detail: 'no listener of the other thread has that name',
  })

/** StreamWriter: write, drain, writeEof, close, getExtraInfo. */
import type { Duplex } from 'node:stream'
import { invalidArgument, SocketError, type PeerCredentials } from '@uds/winsock-ffi'

/** The facts that {@link StreamWriter.getExtraInfo} returns, by name. */
export interface ExtraInfo {
  /** The path of the server at the client; '' at the server, as clients have no name. */
  peername: string
  /** The path of the server at the server; '' at the client. */
  sockname: string
  /** The stream itself: a `net.Socket`. */
  socket: Duplex
  /** The process at the other end. */
  peercred: PeerCredentials
}

/** A function for each fact of {@link ExtraInfo} that a connection has. */
export type ExtraInfoSource = { readonly [K in keyof ExtraInfo]?: () => ExtraInfo[K] }

/**
 * Writes a stream as asyncio's `StreamWriter` does: `write` takes everything and never waits, `drain` waits until
 * there is room to write more.
 *
 * @see https://docs.python.org/3/library/asyncio-stream.html#streamwriter
 */
export class StreamWriter {
  /** The stream that is written. */
  readonly stream: Duplex
  readonly #extra: ExtraInfoSource
  readonly #closed: Promise<void>
  #closing = false

  constructor(stream: Duplex, extra: ExtraInfoSource = {}) {
    this.stream = stream
    this.#extra = extra
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // drain and waitClosed throw it; without a listener it would end the process.
    stream.on('error', () => {})
    stream.once('close', () => (stream.errored ? reject(stream.errored) : resolve()))
    if (stream.closed) resolve()
    promise.catch(() => {})
    this.#closed = promise
  }

  /**
   * Writes bytes, or text as UTF-8. The writer buffers the bytes that the system does not take at once.
   *
   * @returns False when the buffer is full: `await drain()` before the next write.
   * @throws SocketError `EPIPE` after `writeEof` or `close`. (`drain` throws the error of a lost connection.)
   */
  write(data: string | Uint8Array): boolean {
    this.#check(data, 'write')
    // Destroyed by an error or by the peer: as in asyncio, drain throws that.
    return this.stream.destroyed ? false : this.stream.write(data)
  }

  /** Writes several pieces as one, in one system call where the system allows it. Adds no line ends. */
  writeLines(lines: Iterable<string | Uint8Array>): boolean {
    if (typeof lines?.[Symbol.iterator] !== 'function' || typeof lines === 'string')
      throw invalidArgument('StreamWriter.writeLines', 'the lines', 'an iterable of strings or bytes', lines)
    let goOn = true
    this.stream.cork()
    try {
      for (const line of lines) goOn = this.write(line)
    } finally {
      this.stream.uncork()
    }
    return goOn
  }

  /**
   * Waits until the buffer has room again.
   *
   * @throws The error that ended the connection; SocketError `ECONNRESET` when it was closed otherwise.
   */
  async drain(): Promise<void> {
    const { stream } = this
    while (stream.writableNeedDrain && !stream.destroyed) {
      await new Promise<void>((resolve) => {
        // 'close' follows an error as well.
        const done = (): void => {
          stream.off('drain', done).off('close', done)
          resolve()
        }
        stream.on('drain', done).on('close', done)
      })
    }
    if (stream.errored) throw stream.errored
    if (stream.destroyed && !this.#closing) {
      throw new SocketError({ code: 'ECONNRESET', syscall: 'drain', detail: 'the connection is closed' })
    }
  }

  /** False for a stream whose writing half cannot be closed on its own. */
  canWriteEof(): boolean {
    return true
  }

  /** Closes the writing half once everything is written: the peer reads the end of the stream, and can still answer. */
  writeEof(): void {
    this.stream.end()
  }

  /** Closes the connection once everything is written. Closing twice is no error. */
  close(): void {
    if (this.#closing) return
    this.#closing = true
    const { stream } = this
    if (stream.destroyed) return
    stream.end()
    if (stream.writableFinished) stream.destroy()
    else stream.once('finish', () => stream.destroy())
  }

  /** True once `close` was called or the connection is gone. */
  isClosing(): boolean {
    return this.#closing || this.stream.destroyed
  }

  /** Waits until the connection is closed. @throws The error that ended it. */
  waitClosed(): Promise<void> {
    return this.#closed
  }

  /**
   * Facts about the connection: `peername`, `sockname`, `socket`, `peercred`.
   *
   * @returns `otherwise` for what is unknown, also for an unknown name, as asyncio does.
   */
  getExtraInfo<K extends keyof ExtraInfo>(name: K): ExtraInfo[K] | undefined
  getExtraInfo<K extends keyof ExtraInfo, D>(name: K, otherwise: D): ExtraInfo[K] | D
  getExtraInfo(name: keyof ExtraInfo, otherwise?: unknown): unknown {
    if (name === 'socket') return this.stream
    const source = Object.hasOwn(this.#extra, name) ? this.#extra[name] : undefined
    try {
      return source ? source() : otherwise
    } catch (error) {
      // The system does not know: no credentials, or the connection is closed.
      if (error instanceof SocketError) return otherwise
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await this.waitClosed()
  }

  #check(data: string | Uint8Array, method: string): void {
    if (typeof data !== 'string' && !(data instanceof Uint8Array))
      throw invalidArgument(`StreamWriter.${method}`, 'the data', 'a string or bytes', data)
    if (!this.#closing && !this.stream.writableEnded) return
    throw new SocketError({
      code: 'EPIPE',
      syscall: method,
      detail: 'this end has closed its writing half',
      advice: 'write before writeEof and close',
    })
  }
}

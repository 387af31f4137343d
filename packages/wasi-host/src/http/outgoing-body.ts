/** OutgoingBody: a body that a guest writes, on its way into a message. */
import { PassThrough, Writable } from 'node:stream'
import type { OutgoingMessage } from 'node:http'
import { Failure } from '../outcome/failure.ts'
import type { HeaderList } from './http-calls.ts'

/** Bytes that a guest may write before any reader takes them. */
const BUFFERED = 64 * 1024

/** `[name, value, name, value]`, as Node's raw headers are. */
export const flatHeaders = (headers: HeaderList): string[] =>
  headers.flatMap(([name, value]) => [name, value])

export class OutgoingBody {
  /** Where the guest writes. Ending it is apart from closing it: a body that is dropped is not whole. */
  readonly writable: Writable
  readonly #content = new PassThrough({ highWaterMark: BUFFERED })
  #written = 0
  #expected: number | undefined
  #trailers: HeaderList | undefined
  #finished = false

  constructor() {
    const content = this.#content
    this.writable = new Writable({
      highWaterMark: BUFFERED,
      write: (chunk: Uint8Array, _encoding, done) => {
        this.#written += chunk.length
        // What is more than announced goes nowhere: the end says so.
        const surplus = this.#expected !== undefined && this.#written > this.#expected
        if (surplus || content.write(chunk)) done()
        else content.once('drain', () => done())
      },
      final: (done) => {
        if (this.#finished) content.end()
        done()
      },
    })
    this.writable.on('error', () => {})
    content.on('error', () => {})
    content.once('close', () => {
      if (!content.readableEnded)
        this.writable.destroy(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }))
    })
  }

  /** The message announces so many bytes. */
  expect(bytes: number | undefined): void {
    this.#expected = bytes
  }

  finish(trailers: HeaderList | undefined): void {
    if (this.#finished) return
    const written = this.#written + this.writable.writableLength
    if (this.#expected !== undefined && written !== this.#expected) {
      this.abort()
      throw new Failure(
        'ERR_HTTP_CONTENT_LENGTH_MISMATCH',
        `the body has ${written} bytes, and content-length announces ${this.#expected}`,
      )
    }
    this.#finished = true
    this.#trailers = trailers
    this.writable.end()
  }

  /** Breaks the message off, so that its reader sees that it is not whole. */
  abort(): void {
    this.#finished = true
    this.#content.destroy()
  }

  /** Takes what is still written, and drops it. */
  discard(): void {
    this.#content.resume()
  }

  /** Waits for the first byte, or for the end: whether there is a body at all. */
  begun(): Promise<boolean> {
    const content = this.#content
    return new Promise((resolve) => {
      const settle = (): void => {
        const begun = content.readableLength > 0
        if (!begun && !content.writableEnded && !content.destroyed) return
        content.off('readable', settle).off('end', settle).off('close', settle)
        resolve(begun)
      }
      content.on('readable', settle).on('end', settle).on('close', settle)
      settle()
    })
  }

  /** Sends it as the body of a message. */
  pipeTo(message: OutgoingMessage): void {
    const content = this.#content
    // Its reader sees the head, and that the rest does not come.
    const breakOff = (): void => {
      if (message.destroyed) return
      message.flushHeaders()
      if (message.socket) message.socket.destroySoon()
      else message.destroy()
    }
    if (content.destroyed) return breakOff()
    content.pipe(message, { end: false })
    content.once('end', () => {
      if (this.#trailers && this.#trailers.length > 0)
        message.addTrailers(this.#trailers.map(([name, value]) => [name, value] as [string, string]))
      message.end()
    })
    content.once('close', () => {
      if (!content.readableEnded) breakOff()
    })
    message.once('close', () => {
      if (!message.writableFinished) content.destroy()
    })
  }
}

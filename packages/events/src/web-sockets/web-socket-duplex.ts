/** WebSocketDuplex: a WebSocket of `ws` as a stream of bytes. */
import { Duplex } from 'node:stream'
import { failure } from '../errors/errors.ts'

/** What is used of a WebSocket of the package `ws`: https://github.com/websockets/ws/blob/master/doc/ws.md */
export interface WebSocketLike {
  on(name: 'message', listener: (data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean) => void): unknown
  on(name: 'close', listener: (code: number) => void): unknown
  on(name: 'error', listener: (error: Error) => void): unknown
  send(data: Uint8Array, callback: (error?: Error | null) => void): void
  close(code?: number, reason?: string): void
  terminate(): void
  pause(): void
  resume(): void
}

/** RFC 6455, 7.4.1: normal; data of a kind that is not taken. */
const NORMAL = 1000
const UNSUPPORTED = 1003

const bytesOf = (data: Buffer | ArrayBuffer | Buffer[]): Buffer => {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? Buffer.from(data) : data
}

/** Bytes in binary messages; the bounds of messages mean nothing. A reader that does not read holds the other end. */
export class WebSocketDuplex extends Duplex {
  readonly #socket: WebSocketLike
  #gone = false

  constructor(socket: WebSocketLike) {
    super({ highWaterMark: 64 * 1024 })
    this.#socket = socket
    socket.on('message', (data, isBinary) => {
      if (!isBinary) {
        socket.close(UNSUPPORTED, 'binary messages only')
        this.destroy(failure('read', 'ERR_PROTOCOL', 'a WebSocket message that is text'))
      } else if (!this.destroyed && !this.push(bytesOf(data))) socket.pause()
    })
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => {
      this.#gone = true
      if (this.destroyed) return
      this.push(null)
      // Nothing can be written any more.
      if (!this.writableFinished) this.destroy()
    })
  }

  override _read(): void {
    if (!this.#gone) this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#gone) done(failure('write', 'ERR_DISCONNECTED', 'the WebSocket is closed'))
    else this.#socket.send(chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    // A WebSocket that is paused would not read the close of the other end.
    this.#socket.resume()
    this.#socket.close(NORMAL)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#gone) this.#socket.terminate()
    this.#gone = true
    done(error)
  }
}

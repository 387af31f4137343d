/** One connection of a line client: write, exchange, end. */
import type { Duplex } from 'node:stream'
import { connectionFailure, failure } from '../errors/errors.ts'
import { LineDecoder } from './line-decoder.ts'

/** What a {@link ClientConnection} reports to its owner. */
export interface ClientConnectionSink {
  line(text: string): void
  /** Nothing more arrives; called once. */
  ended(error: Error | undefined): void
}

interface Exchange {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** One connection to a server of lines. It waits for one acknowledgement at a time, as lines carry no numbers. */
export class ClientConnection {
  readonly #socket: Duplex
  readonly #sink: ClientConnectionSink
  readonly #decoder: LineDecoder
  #exchange: Exchange | undefined
  #inOrder = true
  #over = false
  #reason: Error | undefined

  constructor(socket: Duplex, maxLineBytes: number, sink: ClientConnectionSink) {
    this.#socket = socket
    this.#sink = sink
    this.#decoder = new LineDecoder(
      {
        line: (line) => sink.line(line),
        expected: () => this.#exchange?.resolve(),
        broken: (code, reason) => {
          const kind = code === 'EMSGSIZE' ? 'ERR_FRAME_TOO_LARGE' : 'ERR_PROTOCOL'
          this.#end(failure('receive', kind, reason))
          socket.destroy()
        },
      },
      { maxLineBytes },
    )
    socket.on('data', (chunk: Buffer) => this.#decoder.push(chunk))
    socket.once('end', () => {
      this.#decoder.end()
      socket.end()
      this.#end(undefined)
    })
    socket.on('error', (error) => this.#end(connectionFailure('receive', error)))
    socket.once('close', () => this.#end(undefined))
  }

  /** False once a wait for an acknowledgement has failed: the next one may be that of an earlier line. */
  get inOrder(): boolean {
    return this.#inOrder
  }

  /** Reads on, or leaves to the system what arrives. */
  read(on: boolean): void {
    if (on !== this.#socket.isPaused()) return
    if (on) this.#socket.resume()
    else this.#socket.pause()
  }

  /**
   * Resolves when the system has taken the text.
   *
   * @throws SocketError `ERR_DISCONNECTED`, `EPIPE`, `ECONNRESET`.
   */
  async write(action: string, text: string): Promise<void> {
    if (this.#over) {
      throw failure(action, 'ERR_DISCONNECTED', 'the connection to the server has ended', this.#reason)
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#socket.write(text, (error) => (error ? reject(connectionFailure(action, error)) : resolve()))
    await promise
  }

  /**
   * Writes a line, and waits for these bytes. A wait that fails leaves the connection out of order.
   *
   * @throws SocketError `ERR_DISCONNECTED`, `EPIPE`, `ECONNRESET`; the signal's reason.
   */
  async exchange(
    action: string,
    text: string,
    acknowledgement: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (acknowledgement.length === 0) return await this.write(action, text)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = (): void => this.giveUp(signal?.reason as Error)
    this.#exchange = { resolve, reject }
    signal?.addEventListener('abort', abort, { once: true })
    try {
      // The decoder goes on looking for it after that: a late one is no line of the server.
      this.#decoder.expect(acknowledgement)
      await Promise.all([promise, this.write(action, text)])
    } finally {
      this.#exchange = undefined
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Rejects the exchange under way. */
  giveUp(reason: Error): void {
    if (!this.#exchange) return
    this.#inOrder = false
    this.#exchange.reject(reason)
  }

  /** Ends this half, reads on until the server has ended too, and destroys the connection after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (this.#socket.closed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(() => this.#socket.destroy(), graceMs)
    this.#socket.once('close', () => resolve())
    this.#socket.resume()
    this.#socket.end()
    await promise
    clearTimeout(timer)
  }

  #end(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#reason = error
    const detail = 'the connection ended before the acknowledgement'
    this.#exchange?.reject(failure('sendAndWait', 'ERR_DISCONNECTED', detail, error))
    this.#sink.ended(error)
  }
}

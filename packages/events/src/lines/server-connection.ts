/** One client of a line server: its lines are handled one after the other. */
import type { Duplex } from 'node:stream'
import { failure } from '../errors/errors.ts'
import { isThenable } from '../handlers/listeners.ts'
import { LineDecoder } from './line-decoder.ts'
import { LineWriter } from './line-writer.ts'

/** What a {@link ServerConnection} asks of its server. */
export interface ConnectionHandler {
  readonly maxLineBytes: number
  readonly maxQueueBytes: number
  /** Handles a line of the client; a promise is waited for before the next one. Never throws or rejects. */
  handle(line: string, client: ServerConnection): void | Promise<unknown>
  failed(reason: string): void
  /** The connection is gone, and all that it sent is handled. */
  closed(client: ServerConnection): void
}

/** The line with which a client asks the server to end the connection. */
const EXIT = 'exit'

/** How long a client may keep its own half open after the server has ended, in milliseconds. */
const LEAVE_MS = 5000

/** While more acknowledgements than these, in characters, wait for a client, the server handles no line of it. */
const MAX_ACKNOWLEDGEMENTS = 64 * 1024

/** One client of a line server. */
export class ServerConnection {
  readonly #socket: Duplex
  readonly #handler: ConnectionHandler
  readonly #decoder: LineDecoder
  readonly #writer: LineWriter
  #waiting: string[] = []
  #working = false
  /** No line of this client is handled any more. */
  #left = false
  #inputEnded = false
  #gone = false

  constructor(socket: Duplex, handler: ConnectionHandler) {
    this.#socket = socket
    this.#handler = handler
    this.#writer = new LineWriter(socket)
    this.#decoder = new LineDecoder(
      { line: (line) => this.#take(line), broken: (_, reason) => this.#refuse(reason) },
      handler,
    )
    socket.on('data', (chunk: Buffer) => {
      this.#decoder.push(chunk)
      void this.#work()
    })
    socket.once('end', () => {
      this.#decoder.end()
      this.#inputEnded = true
      void this.#work()
    })
    socket.on('error', (error) => handler.failed(error.message))
    socket.once('close', () => {
      this.#gone = true
      this.#inputEnded = true
      void this.#work()
    })
  }

  /** Answers a line. The next line is handled once the client has read enough of the answers. */
  acknowledge(text: string): void {
    this.#writer.write(text)
  }

  /** Writes the text of another client; a client for which too much waits is disconnected. */
  write(text: string): void {
    this.#writer.write(text)
    const { maxQueueBytes } = this.#handler
    if (this.#writer.length <= maxQueueBytes || this.#socket.destroyed) return
    const detail = `more than ${maxQueueBytes} bytes wait for a client that does not read: it is disconnected`
    this.#handler.failed(failure('broadcast', 'ERR_SLOW_CONSUMER', detail).message)
    this.#socket.destroy()
  }

  /**
   * A client that reads, but more slowly than another one sends, is waited for: before so much waits for it that it
   * would be disconnected.
   *
   * @returns undefined when there is nothing to wait for
   */
  caughtUp(): Promise<void> | undefined {
    return this.#writer.caughtUp(this.#handler.maxQueueBytes / 2)
  }

  /** Ends after what was written, and drops what still arrives, so that the client is not reset. */
  leave(): void {
    if (this.#left) return
    this.#left = true
    const timer = setTimeout(() => this.#socket.destroy(), LEAVE_MS)
    this.#socket.once('close', () => clearTimeout(timer))
    this.#waiting = []
    this.#socket.resume()
    this.#writer.end()
  }

  #take(line: string): void {
    if (!this.#left) this.#waiting.push(line)
  }

  #refuse(reason: string): void {
    this.#handler.failed(`a client is closed: ${reason}`)
    // The lines before are handled first.
    this.#waiting.push(EXIT)
  }

  /** Handles the lines that wait, one at a time; reads no more meanwhile. */
  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    while (!this.#left) {
      const line = this.#waiting.shift()
      if (line === undefined) break
      if (line === EXIT) this.leave()
      else {
        const handled = this.#handler.handle(line, this)
        if (isThenable(handled)) await this.#paused(handled)
        const drained = this.#writer.drained(MAX_ACKNOWLEDGEMENTS)
        if (drained) await this.#paused(drained)
      }
    }
    this.#working = false
    this.#rest()
  }

  #paused(action: PromiseLike<unknown>): PromiseLike<unknown> {
    this.#socket.pause()
    return action
  }

  #rest(): void {
    if (!this.#gone) this.#socket.resume()
    if (this.#inputEnded) this.#writer.end()
    if (this.#gone) this.#handler.closed(this)
  }
}

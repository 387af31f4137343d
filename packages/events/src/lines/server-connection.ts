import type { Duplex } from 'node:stream'
import { isThenable } from '../handlers/listeners.ts'
import { LineDecoder } from './line-decoder.ts'

/** What a {@link ServerConnection} asks of its server. */
export interface ConnectionHandler {
  readonly maxLineBytes: number
  readonly maxQueueBytes: number
  /** Handles a line of the client; a promise is waited for before the next one. Never throws or rejects. */
  handle(line: string, client: ServerConnection): void | Promise<void>
  failed(reason: string): void
  /** The connection is gone, and all that came from it is handled. */
  closed(client: ServerConnection): void
}

/** The line with which a client asks to be let go. */
const EXIT = 'exit'

/** How long a client that was let go has to end its own side, in milliseconds. */
const LEAVE_MS = 5000

/** One client of a line server: its lines are handled one after the other. */
export class ServerConnection {
  readonly #socket: Duplex
  readonly #service: ConnectionHandler
  readonly #decoder: LineDecoder
  #waiting: string[] = []
  #working = false
  /** No line of this client is handled any more. */
  #left = false
  #inputEnded = false
  #gone = false

  constructor(socket: Duplex, service: ConnectionHandler) {
    this.#socket = socket
    this.#service = service
    this.#decoder = new LineDecoder(
      { line: (line) => this.#take(line), broken: (_, reason) => this.#refuse(reason) },
      service,
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
    socket.on('error', (error) => service.failed(error.message))
    socket.once('close', () => {
      this.#gone = true
      this.#inputEnded = true
      void this.#work()
    })
  }

  /** Writes text; a client that does not read is closed when too much waits for it. */
  write(text: string): void {
    if (!this.#socket.writable) return
    this.#socket.write(text)
    if (this.#socket.writableLength <= this.#service.maxQueueBytes) return
    this.#service.failed(
      `more than ${this.#service.maxQueueBytes} bytes wait for a client that does not read`,
    )
    this.#socket.destroy()
  }

  /** Ends after what was written; drops what still comes, so that the client is not reset. */
  leave(): void {
    if (this.#left) return
    this.#left = true
    const timer = setTimeout(() => this.#socket.destroy(), LEAVE_MS)
    this.#socket.once('close', () => clearTimeout(timer))
    this.#waiting = []
    this.#socket.resume()
    if (this.#socket.writable) this.#socket.end()
  }

  #take(line: string): void {
    if (!this.#left) this.#waiting.push(line)
  }

  #refuse(reason: string): void {
    this.#service.failed(`a client is closed: ${reason}`)
    // What came before is handled first.
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
        const result = this.#service.handle(line, this)
        if (isThenable(result)) {
          this.#socket.pause()
          await result
        }
      }
    }
    this.#working = false
    this.#rest()
  }

  #rest(): void {
    if (!this.#gone) this.#socket.resume()
    if (this.#inputEnded && this.#socket.writable) this.#socket.end()
    if (this.#gone) this.#service.closed(this)
  }
}

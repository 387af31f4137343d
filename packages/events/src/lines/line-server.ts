/** The line server: run, broadcast, shutdown. */
import type { Duplex } from 'node:stream'
import { listen } from '@uds/stream'
import type { Address, Listener } from '@uds/stream'
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import { asError, failure } from '../errors/errors.ts'
import { isThenable } from '../handlers/listeners.ts'
import { count, readGrace, ofType } from '../options.ts'
import { safeLogger, stderrLogger } from './logger.ts'
import type { LineLogger } from './logger.ts'
import type { ServerConnection } from './server-connection.ts'
import {
  DEFAULT_ACK,
  DEFAULT_MAX_LINE_BYTES,
  DEFAULT_MAX_QUEUE_BYTES,
  DEFAULT_PATH,
  lineBytes,
  readAddress,
} from './line-options.ts'

/** Called with each line. The line is acknowledged and broadcast when it has returned, or its promise has resolved. */
export type LineHandler = (payload: string) => unknown

/** Options of a {@link LineServer}. */
export interface LineServerOptions {
  /**
   * A path, or an address of `@uds/stream`.
   *
   * @default '/tmp/unix_socket.sock'
   */
  readonly path?: string | undefined
  /**
   * Sends `ackMessage` to the client after each of its lines was handled.
   *
   * @default false
   */
  readonly withAck?: boolean | undefined
  /**
   * The acknowledgement, sent verbatim: without an end of line where it has none.
   *
   * @default "__ACK__\n"
   */
  readonly ackMessage?: string | undefined
  /**
   * Sends each line that was handled to all other clients.
   *
   * @default false
   */
  readonly withBroadcast?: boolean | undefined
  /**
   * Handles a line.
   *
   * @default logs it
   */
  readonly handler?: LineHandler | undefined
  /**
   * Gets a message for each step and each error; `false`: nothing does.
   *
   * @default standard error
   */
  readonly logger?: LineLogger | false | undefined
  /**
   * The longest line, in bytes; a client that sends a longer one is disconnected.
   *
   * @default 1_048_576
   */
  readonly maxLineBytes?: number | undefined
  /**
   * How many bytes of broadcast lines may wait for a client; beyond that it is disconnected, and the logger gets
   * `ERR_SLOW_CONSUMER`. A client that sends waits for those who read, so that none of them gets so far behind. The
   * acknowledgements of a client do not count: while 64 KiB of them wait, the server reads none of its lines.
   *
   * @default 16_777_216
   */
  readonly maxQueueBytes?: number | undefined
}

const SERVER_OPTIONS = optionNames<LineServerOptions>({
  path: true,
  withAck: true,
  ackMessage: true,
  withBroadcast: true,
  handler: true,
  logger: true,
  maxLineBytes: true,
  maxQueueBytes: true,
})

/**
 * A server to which clients send lines of text: the class `UnixSocket` of py-unix-socket.
 *
 * For each line, in this order: the handler runs and is waited for, the client gets its acknowledgement, the other
 * clients get the line. After a handler that throws neither happens; other lines and clients do not notice. The line
 * `exit` ends the connection of its client.
 *
 * ## Platform behaviour
 * The socket file has mode 0600. On Windows AF_UNIX takes Windows 10 1803 or later; a `pipe:` address works too.
 */
export class LineServer {
  readonly path: string
  readonly withAck: boolean
  readonly ackMessage: string
  readonly withBroadcast: boolean
  readonly #address: Address
  readonly #handler: LineHandler
  readonly #logger: LineLogger
  readonly #limits: { readonly maxLineBytes: number; readonly maxQueueBytes: number }
  readonly #clients = new Set<ServerConnection>()
  readonly #closed = Promise.withResolvers<void>()
  #opening: Promise<Listener> | undefined
  #shutdown: Promise<void> | undefined

  /** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`. */
  constructor(options: LineServerOptions = {}) {
    const where = 'LineServer'
    checkOptions(options, where, SERVER_OPTIONS)
    this.path = ofType(where, 'path', 'string', options.path, DEFAULT_PATH)
    this.withAck = ofType(where, 'withAck', 'boolean', options.withAck, false)
    this.ackMessage = ofType(where, 'ackMessage', 'string', options.ackMessage, DEFAULT_ACK)
    this.withBroadcast = ofType(where, 'withBroadcast', 'boolean', options.withBroadcast, false)
    this.#address = readAddress(where, this.path)
    this.#logger = safeLogger(options.logger ?? stderrLogger)
    const log: LineHandler = (payload) => this.#logger.info(`event received: ${payload}`)
    this.#handler = ofType(where, 'handler', 'function', options.handler, log)
    this.#limits = {
      maxLineBytes: count(where, 'maxLineBytes', options.maxLineBytes, DEFAULT_MAX_LINE_BYTES),
      maxQueueBytes: count(where, 'maxQueueBytes', options.maxQueueBytes, DEFAULT_MAX_QUEUE_BYTES),
    }
  }

  /** How many clients are connected. */
  get clients(): number {
    return this.#clients.size
  }

  /** Resolves when the server has shut down; never rejects. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /**
   * Opens the socket and serves until {@link LineServer.shutdown}. Resolves when clients can connect;
   * {@link LineServer.closed} resolves when it has shut down.
   *
   * @throws SocketError `EADDRINUSE` (a server is there), `EACCES`, `ENOENT` (no such directory), `ENAMETOOLONG`,
   *   `ERR_CLOSED` after a shutdown.
   */
  async run(): Promise<void> {
    if (this.#shutdown) throw failure('run', 'ERR_CLOSED', 'the server was shut down')
    this.#opening ??= this.#open()
    await this.#opening
  }

  /**
   * Sends a line to every client.
   *
   * @returns how many clients there are.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` for what is no text, `ERR_INVALID_ARG_VALUE` for more than one line.
   */
  broadcast(payload: string): number {
    return this.#broadcast(payload, undefined)
  }

  /**
   * Stops listening, removes the socket file, and ends every connection after the line that is being handled;
   * destroys what is left after `graceMs`, 1000 milliseconds by default. Never rejects; a second call returns the same
   * promise.
   */
  shutdown(options: { readonly graceMs?: number | undefined } = {}): Promise<void> {
    this.#shutdown ??= this.#close(readGrace('shutdown', options, 1000))
    return this.#shutdown
  }

  [Symbol.dispose](): void {
    void this.shutdown()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  async #open(): Promise<Listener> {
    // A program without lines loads none of what reads and writes them.
    const { ServerConnection } = await import('./connections.ts')
    const mode = this.#address.scheme === 'unix' && 'path' in this.#address ? { mode: 0o600 } : {}
    const listener = await listen(this.#address, { ...mode, allowHalfOpen: true })
    listener.on('connectionError', (error) => this.#logger.error(`connection: ${error.message}`))
    listener.on('connection', (connection) => this.#accept(connection, ServerConnection))
    this.#logger.info(`server opened: ${listener.address}`)
    return listener
  }

  async #close(graceMs: number): Promise<void> {
    try {
      const listener = await this.#opening?.catch(() => {})
      for (const client of this.#clients) client.leave()
      await listener?.close({ graceMs })
      if (listener) this.#logger.info('server closed')
    } catch (error) {
      this.#logger.error(`closing: ${asError(error).message}`)
    } finally {
      this.#closed.resolve()
    }
  }

  #accept(connection: Duplex, Connection: typeof ServerConnection): void {
    this.#logger.info('client connected')
    const client = new Connection(connection, {
      ...this.#limits,
      handle: (line, from) => this.#handle(line, from),
      failed: (reason) => this.#logger.error(reason),
      closed: (gone) => {
        if (this.#clients.delete(gone)) this.#logger.info('client closed')
      },
    })
    this.#clients.add(client)
    if (this.#shutdown) client.leave()
  }

  #handle(line: string, from: ServerConnection): void | Promise<unknown> {
    try {
      const result = this.#handler(line)
      if (isThenable(result)) {
        return Promise.resolve(result).then(
          () => this.#handled(line, from),
          (error: unknown) => this.#notHandled(error),
        )
      }
    } catch (error) {
      this.#notHandled(error)
      return undefined
    }
    return this.#handled(line, from)
  }

  /** Acknowledges and broadcasts a line; the sender waits for those who read, but more slowly than it sends. */
  #handled(line: string, from: ServerConnection): void | Promise<unknown> {
    if (this.withAck) from.acknowledge(this.ackMessage)
    if (!this.withBroadcast) return undefined
    this.#broadcast(line, from)
    const behind: Promise<void>[] = []
    for (const client of this.#clients) {
      const caughtUp = client.caughtUp()
      if (caughtUp) behind.push(caughtUp)
    }
    return behind.length === 0 ? undefined : Promise.all(behind)
  }

  #notHandled(error: unknown): void {
    this.#logger.error(`the handler failed: ${asError(error).message}`)
  }

  #broadcast(payload: string, sender: ServerConnection | undefined): number {
    const text = lineBytes('broadcast', payload)
    let sent = 0
    for (const client of this.#clients) {
      if (client === sender) continue
      client.write(text)
      sent += 1
    }
    this.#logger.info(`broadcast: ${payload} (to ${sent})`)
    return sent
  }
}

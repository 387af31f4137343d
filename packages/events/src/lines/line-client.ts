/** The client of a line server: connect, send, sendAndWait, receive, lines, exit, close. */
import { connect } from '@uds/stream'
import type { Address } from '@uds/stream'
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import { failure } from '../errors/errors.ts'
import { count, milliseconds, ofType } from '../options.ts'
import type { ClientConnection } from './client-connection.ts'
import { abortable, withDeadline } from './deadline.ts'
import type { WaitOptions } from './deadline.ts'
import { LineQueue } from './line-queue.ts'
import {
  DEFAULT_ACK,
  DEFAULT_MAX_LINE_BYTES,
  DEFAULT_MAX_QUEUE_BYTES,
  DEFAULT_PATH,
  lineBytes,
  readAddress,
} from './line-options.ts'
import { Mutex } from './mutex.ts'

/** Options of a {@link LineClient}. */
export interface LineClientOptions {
  /**
   * A path, or an address of `@uds/stream`.
   *
   * @default '/tmp/unix_socket.sock'
   */
  readonly path?: string | undefined
  /**
   * The acknowledgement of the server.
   *
   * @default "__ACK__\n"
   */
  readonly ackMessage?: string | undefined
  /**
   * How long to wait for a server that does not listen yet, in milliseconds from the call: a duration, not a point in time.
   *
   * @default 0
   */
  readonly retryUntilMs?: number | undefined
  /**
   * The longest line that is read, in bytes.
   *
   * @default 1_048_576
   */
  readonly maxLineBytes?: number | undefined
  /**
   * How many bytes of lines may wait for `receive`; beyond that the client reads no more, and `sendAndWait` rejects.
   *
   * @default 16_777_216
   */
  readonly maxQueueBytes?: number | undefined
}

const CLIENT_OPTIONS = optionNames<LineClientOptions>({
  path: true,
  ackMessage: true,
  retryUntilMs: true,
  maxLineBytes: true,
  maxQueueBytes: true,
})

/** Options of {@link LineClient.sendAndWait}. */
export interface SendAndWaitOptions extends WaitOptions {
  /** In place of the client's own. */
  readonly ackMessage?: string | undefined
}

/** How long `sendAndWait` waits for an acknowledgement, in milliseconds: a line whose handler fails has none. */
const ACK_TIMEOUT_MS = 10_000

/** How long `close` lets the server end, in milliseconds. */
const CLOSE_GRACE_MS = 1000

/** A client of a {@link LineServer}, or of any server that speaks in lines. */
export class LineClient {
  readonly path: string
  readonly ackMessage: string
  readonly #address: Address
  readonly #retryUntilMs: number
  readonly #maxLineBytes: number
  readonly #maxQueueBytes: number
  readonly #queue = new LineQueue()
  readonly #mutex = new Mutex()
  #connection: ClientConnection | undefined
  #connecting: Promise<void> | undefined
  #replacing: Promise<void> | undefined
  #closed = false

  /** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`. */
  constructor(options: string | LineClientOptions = {}) {
    const settings = typeof options === 'string' ? { path: options } : options
    const where = 'LineClient'
    checkOptions(settings, where, CLIENT_OPTIONS)
    this.path = ofType(where, 'path', 'string', settings.path, DEFAULT_PATH)
    this.ackMessage = ofType(where, 'ackMessage', 'string', settings.ackMessage, DEFAULT_ACK)
    this.#address = readAddress(where, this.path)
    this.#retryUntilMs = milliseconds(where, 'retryUntilMs', settings.retryUntilMs, 0)
    this.#maxLineBytes = count(where, 'maxLineBytes', settings.maxLineBytes, DEFAULT_MAX_LINE_BYTES)
    this.#maxQueueBytes = count(where, 'maxQueueBytes', settings.maxQueueBytes, DEFAULT_MAX_QUEUE_BYTES)
  }

  /** A client that is connected. */
  static async connect(options?: string | LineClientOptions): Promise<LineClient> {
    return await new LineClient(options).connect()
  }

  /**
   * Connects; a second call returns the same.
   *
   * @throws SocketError `ECONNREFUSED`, `ENOENT`, `EACCES` and the other codes of `connect` of `@uds/stream`;
   *   `ERR_CLOSED` after `close`.
   */
  async connect(): Promise<this> {
    if (this.#closed) throw closed('connect')
    this.#connecting ??= this.#connect()
    try {
      await this.#connecting
    } catch (error) {
      // It may be tried again.
      this.#connecting = undefined
      throw error
    }
    return this
  }

  /**
   * Sends a line. Resolves when the system has taken it. A rejection that is not awaited, as the server has left, does
   * not end the process.
   *
   * @throws TypeError for a value that is no text, or more than one line; SocketError `ERR_DISCONNECTED`, `EPIPE`,
   *   `ECONNRESET`, and `ERR_CLOSED` after `close`.
   */
  send(line: string): Promise<void> {
    try {
      const text = lineBytes('send', line)
      this.#connected('send')
      return mayBeIgnored(this.#send(text))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Sends a line and waits until the server acknowledges it: for `timeoutMs`, 10,000 by default, since a line whose
   * handler fails has no acknowledgement. Other lines that arrive meanwhile are kept for {@link LineClient.receive}.
   *
   * Lines and acknowledgements carry no numbers. So of several calls each sends its line after the one before has
   * ended, and after a wait that has failed, whose acknowledgement may still arrive, the next call begins with a new
   * connection: an acknowledgement is always that of the line. What the server broadcasts between the two connections
   * does not reach this client. Beside it, send no lines without waiting: their acknowledgements look the same. As with
   * {@link LineClient.send}, a rejection need not be awaited.
   *
   * @returns the acknowledgement.
   * @throws SocketError `ETIMEDOUT`, `ERR_DISCONNECTED`; `ERR_QUEUE_FULL` when more than `maxQueueBytes` wait for
   *   `receive`; the signal's reason; and the errors of {@link LineClient.connect} and {@link LineClient.send}.
   */
  sendAndWait(line: string, options: SendAndWaitOptions = {}): Promise<string> {
    const where = 'sendAndWait'
    try {
      checkOptions(options, where, ['timeoutMs', 'signal', 'ackMessage'])
      const ackMessage = ofType(where, 'ackMessage', 'string', options.ackMessage, this.ackMessage)
      const text = lineBytes(where, line)
      this.#connected(where)
      options.signal?.throwIfAborted()
      return mayBeIgnored(this.#sendAndWait(text, ackMessage, options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * The next line, without what ends it; null at the end of the stream.
   *
   * @throws SocketError `ETIMEDOUT`, `ECONNRESET`, `ERR_PROTOCOL`, `ERR_FRAME_TOO_LARGE`; the signal's reason.
   */
  async receive(options: WaitOptions = {}): Promise<string | null> {
    this.#opened('receive')
    return await withDeadline('receive', options, async (signal) => {
      const line = await this.#queue.take(signal)
      this.#flow()
      return line
    })
  }

  /** All lines up to the end of the stream. */
  async *lines(options: WaitOptions = {}): AsyncGenerator<string, void, undefined> {
    for (let line = await this.receive(options); line !== null; line = await this.receive(options)) yield line
  }

  /** Asks the server to end the connection, and resolves when it has. Never rejects. */
  async exit(): Promise<void> {
    await this.#replacing?.catch(() => {})
    void this.#connection?.write('exit', 'exit\n').catch(() => {})
    await this.close()
  }

  /** Ends after what was sent; drops what still arrives. Resolves when the connection is closed, never rejects. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#connecting?.catch(() => {})
    await this.#replacing?.catch(() => {})
    await this.#connection?.close(CLOSE_GRACE_MS)
  }

  [Symbol.dispose](): void {
    void this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #send(text: string): Promise<void> {
    await this.#replacing
    await this.#connected('send').write('send', text)
  }

  async #sendAndWait(text: string, ackMessage: string, options: WaitOptions): Promise<string> {
    const { timeoutMs = ACK_TIMEOUT_MS, signal: given } = options
    await withDeadline('sendAndWait', { timeoutMs, signal: given }, async (signal) => {
      const finish = await this.#mutex.lock(signal)
      try {
        signal?.throwIfAborted()
        const connection = await this.#inOrder(signal)
        if (this.#full) throw this.#fullError()
        await connection.exchange('sendAndWait', text, Buffer.from(ackMessage), signal)
      } finally {
        finish()
      }
    })
    return ackMessage
  }

  async #connect(): Promise<void> {
    // A program without lines loads none of what reads and writes them.
    const { ClientConnection } = await import('./connections.ts')
    const socket = await connect(this.#address, { retryUntilMs: this.#retryUntilMs, allowHalfOpen: true })
    const connection: ClientConnection = new ClientConnection(socket, this.#maxLineBytes, {
      line: (line) => {
        this.#queue.push(line)
        this.#flow()
      },
      ended: (error) => {
        if (this.#connection === connection && !this.#replacing) this.#queue.end(error)
      },
    })
    this.#connection = connection
  }

  /** The connection on which the next acknowledgement is that of the next line. */
  async #inOrder(signal: AbortSignal | undefined): Promise<ClientConnection> {
    const connection = this.#connected('sendAndWait')
    if (connection.inOrder) return connection
    if (this.#full) throw this.#fullError()
    this.#replacing ??= this.#replace(connection)
    await abortable(this.#replacing, signal)
    return this.#connected('sendAndWait')
  }

  /** The old connection ends first, so that the server has handled its lines before those of the next one. */
  async #replace(old: ClientConnection): Promise<void> {
    try {
      await old.close(CLOSE_GRACE_MS)
      if (this.#closed) throw closed('sendAndWait')
      await this.#connect()
    } catch (error) {
      this.#queue.end(error as Error)
      throw error
    } finally {
      this.#replacing = undefined
    }
  }

  #opened(action: string): ClientConnection {
    if (this.#connection) return this.#connection
    throw failure(action, 'ERR_DISCONNECTED', 'the client is not connected: call connect() first')
  }

  #connected(action: string): ClientConnection {
    if (this.#closed) throw closed(action)
    return this.#opened(action)
  }

  get #full(): boolean {
    return this.#queue.length > this.#maxQueueBytes
  }

  #fullError(): Error {
    const detail = `more than ${this.#maxQueueBytes} bytes of lines wait for receive(), and the acknowledgement comes after them`
    return failure('sendAndWait', 'ERR_QUEUE_FULL', detail)
  }

  /** Reads on as long as there is room. */
  #flow(): void {
    const connection = this.#connection
    if (!connection) return
    if (this.#full) connection.giveUp(this.#fullError())
    connection.read(!this.#full || this.#closed)
  }
}

const closed = (action: string): Error => failure(action, 'ERR_CLOSED', 'the client was closed')

/** A rejection of this promise ends no process when nobody awaits it. */
const mayBeIgnored = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => {})
  return promise
}

import type { Duplex } from 'node:stream'
import { connect } from '@uds/stream'
import type { Address } from '@uds/stream'
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import { failure } from '../errors.ts'
import { withDeadline } from './deadline.ts'
import type { WaitOptions } from './deadline.ts'
import { LineDecoder } from './line-decoder.ts'
import { LineQueue } from './line-queue.ts'
import {
  byteLimit,
  DEFAULT_ACK,
  DEFAULT_MAX_LINE_BYTES,
  DEFAULT_MAX_QUEUE_BYTES,
  DEFAULT_PATH,
  lineBytes,
  option,
  readAddress,
} from './line-options.ts'

/** Options of a {@link LineClient}. */
export interface LineClientOptions {
  /** A path, or an address of `@uds/stream`. `/tmp/unix_socket.sock` unless given. */
  readonly path?: string | undefined
  /** What the server acknowledges a line with. `"__ACK__\n"` unless given. */
  readonly ackMessage?: string | undefined
  /** Milliseconds to wait for the server to be there. 0 unless given. */
  readonly retryUntilMs?: number | undefined
  /** The longest line that is taken, in bytes. 1 MiB unless given. */
  readonly maxLineBytes?: number | undefined
  /** How much may wait for `receive`; the server has to wait then. 16 MiB unless given. */
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

/** How long `sendAndWait` waits for an acknowledgement unless told otherwise: a handler that fails gives none. */
const ACK_TIMEOUT_MS = 10_000

/** How long `close` lets the server end, in milliseconds. */
const CLOSE_GRACE_MS = 1000

interface Waiting {
  readonly bytes: Uint8Array
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A client of a {@link LineServer}, or of any server that speaks in lines. */
export class LineClient {
  readonly path: string
  readonly ackMessage: string
  readonly #address: Address
  readonly #retryUntilMs: number
  readonly #maxQueueBytes: number
  readonly #queue = new LineQueue()
  readonly #decoder: LineDecoder
  #acks: Waiting[] = []
  #socket: Duplex | undefined
  #connecting: Promise<void> | undefined
  #closed = false

  /** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`. */
  constructor(options: string | LineClientOptions = {}) {
    const given = typeof options === 'string' ? { path: options } : options
    const where = 'LineClient'
    checkOptions(given, where, CLIENT_OPTIONS)
    this.path = option(where, 'path', 'string', given.path, DEFAULT_PATH)
    this.ackMessage = option(where, 'ackMessage', 'string', given.ackMessage, DEFAULT_ACK)
    this.#address = readAddress(where, this.path)
    this.#retryUntilMs = option(where, 'retryUntilMs', 'number', given.retryUntilMs, 0)
    this.#maxQueueBytes = byteLimit(where, 'maxQueueBytes', given.maxQueueBytes, DEFAULT_MAX_QUEUE_BYTES)
    this.#decoder = new LineDecoder(
      {
        line: (line) => this.#queue.push(line),
        expected: () => this.#acks.shift()?.resolve(),
        broken: (code, reason) => {
          const kind = code === 'EMSGSIZE' ? 'ERR_FRAME_TOO_LARGE' : 'ERR_PROTOCOL'
          this.#fail(failure('receive', kind, reason))
        },
      },
      { maxLineBytes: byteLimit(where, 'maxLineBytes', given.maxLineBytes, DEFAULT_MAX_LINE_BYTES) },
    )
  }

  /** A client that is connected. */
  static async connect(options?: string | LineClientOptions): Promise<LineClient> {
    return await new LineClient(options).connect()
  }

  /**
   * Connects; a second call gives the same.
   *
   * @throws SocketError `ECONNREFUSED`, `ENOENT`, `EACCES` and what else `connect` of `@uds/stream` tells;
   *   `ERR_CLOSED` after `close`.
   */
  async connect(): Promise<this> {
    if (this.#closed) throw failure('connect', 'ERR_CLOSED', 'the client was closed')
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
   * Sends a line. Resolves when the system has taken it.
   *
   * @throws TypeError for what is no text, or more than one line; SocketError `ENOTCONN`, `EPIPE`, `ERR_DISCONNECTED`.
   */
  async send(line: string): Promise<void> {
    const text = lineBytes('send', line)
    const socket = this.#connected('send')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.write(text, (error) => (error ? reject(error) : resolve()))
    await promise
  }

  /**
   * Sends a line and waits until the server acknowledges it: for `timeoutMs`, 10 000 unless given, since a handler that
   * fails gives no acknowledgement. Other lines that come meanwhile are kept for {@link LineClient.receive}. Several may
   * wait at once; acknowledgements come in the order of the lines. Beside it, send no lines without waiting: their
   * acknowledgements look the same.
   *
   * @returns the acknowledgement.
   * @throws SocketError `ETIMEDOUT`, `ERR_DISCONNECTED`; the signal's reason; and what {@link LineClient.send} throws.
   */
  async sendAndWait(line: string, options: SendAndWaitOptions = {}): Promise<string> {
    checkOptions(options, 'sendAndWait', ['timeoutMs', 'signal', 'ackMessage'])
    const ackMessage = option('sendAndWait', 'ackMessage', 'string', options.ackMessage, this.ackMessage)
    lineBytes('sendAndWait', line)
    this.#connected('sendAndWait')
    options.signal?.throwIfAborted()
    const wait = { timeoutMs: options.timeoutMs ?? ACK_TIMEOUT_MS, signal: options.signal }
    await withDeadline('sendAndWait', wait, async (signal) => {
      await Promise.all([this.#ack(Buffer.from(ackMessage), signal), this.send(line)])
    })
    return ackMessage
  }

  /**
   * The next line, without what ends it; null at the end of the stream.
   *
   * @throws SocketError `ETIMEDOUT`, `ECONNRESET`, `ERR_PROTOCOL`, `ERR_FRAME_TOO_LARGE`; the signal's reason.
   */
  async receive(options: WaitOptions = {}): Promise<string | null> {
    this.#connected('receive')
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

  /** Asks the server to let this client go, and resolves when it has. Never rejects. */
  async exit(): Promise<void> {
    const socket = this.#socket
    if (socket?.writable) socket.write('exit\n')
    await this.close()
  }

  /** Ends after what was sent; what still comes is dropped. Resolves when it is closed, never rejects. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#connecting?.catch(() => {})
    const socket = this.#socket
    if (!socket || socket.closed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(() => socket.destroy(), CLOSE_GRACE_MS)
    socket.once('close', () => resolve())
    socket.resume()
    socket.end()
    await promise
    clearTimeout(timer)
  }

  [Symbol.dispose](): void {
    void this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #connect(): Promise<void> {
    const socket = await connect(this.#address, { retryUntilMs: this.#retryUntilMs, allowHalfOpen: true })
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#decoder.push(chunk)
      this.#flow()
    })
    socket.once('end', () => {
      this.#decoder.end()
      socket.end()
      this.#over(undefined)
    })
    socket.on('error', (error) => this.#over(error))
    socket.once('close', () => this.#over(undefined))
  }

  #connected(action: string): Duplex {
    if (this.#socket) return this.#socket
    throw failure(action, 'ERR_DISCONNECTED', 'the client is not connected: call connect() first')
  }

  /** Reads on as long as there is room; always while an acknowledgement is waited for, which may come last. */
  #flow(): void {
    const socket = this.#socket
    if (!socket) return
    const full = this.#queue.length > this.#maxQueueBytes && this.#acks.length === 0 && !this.#closed
    if (full !== socket.isPaused()) {
      if (full) socket.pause()
      else socket.resume()
    }
  }

  async #ack(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    if (bytes.length === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting: Waiting = { bytes, resolve, reject }
    const abort = (): void => {
      this.#acks = this.#acks.filter((other) => other !== waiting)
      this.#decoder.expectNoMore(bytes)
      reject(signal?.reason as Error)
    }
    this.#acks.push(waiting)
    this.#decoder.expect(bytes)
    this.#flow()
    signal?.addEventListener('abort', abort, { once: true })
    await promise.finally(() => signal?.removeEventListener('abort', abort))
  }

  #fail(error: Error): void {
    this.#over(error)
    this.#socket?.destroy()
  }

  #over(error: Error | undefined): void {
    this.#queue.end(error)
    const lost = failure(
      'sendAndWait',
      'ERR_DISCONNECTED',
      'the connection ended before the acknowledgement',
      error,
    )
    for (const { reject } of this.#acks) reject(lost)
    this.#acks = []
  }
}

/** Linker. */
import { invalidArgument, SocketError } from '@uds/winsock-ffi'
import { asError, failure } from '../errors/errors.ts'
import { readGrace, LONGEST_TIMER } from '../options.ts'
import { printable } from '../wire/printable.ts'
import { channelAddress } from './channel/channel-address.ts'
import { FrameEncoder } from './frames/frame-encoder.ts'
import { CONTROL_EVENT } from './frames/control-message.ts'
import { LateEnd } from './late-end.ts'
import { linkerSettings } from './options.ts'
import type { LinkerOptions, LinkerSettings } from './options.ts'
import type { SendDone } from './connection/pending-frames.ts'
import { Receivers } from './receivers.ts'
import type { EventListener } from './receivers.ts'
import { Role } from './role.ts'
import type { ChannelEnd, ChannelSink } from './role.ts'

/** Called once with the result of a send: `(null, true)`, or the error and false. */
export type SendCallback = (error: Error | null, success: boolean) => void

/** For {@link Linker.close}. */
export interface LinkerCloseOptions {
  /** Milliseconds in which what was sent may arrive and the peers may end.
   *
   * @default 1000 */
  readonly graceMs?: number | undefined
}

/**
 * One end of a channel: the class of unixevents, in the API of its JavaScript and Python versions and exact on the
 * wire, so that programs of both can be at the other end.
 *
 * No method rejects, and none throws but for an argument of a wrong type: what goes wrong is a `false`, an error in
 * {@link Linker.lastError}, and a call of {@link Linker.onError}.
 *
 * ## Platform behaviour
 * A channel is the socket `/tmp/<channel>.sock` with mode 0600; on Windows it is the named pipe
 * `\\.\pipe\%TMP%\<channel>.sock`, open to the current user alone.
 */
export class Linker {
  static readonly Linker: typeof Linker = Linker
  static readonly UnixEvents: typeof Linker = Linker
  static readonly Role: typeof Role = Role

  /** A server of the channel; {@link Linker.ready} resolves when it is open. */
  static createServer(channel: string, debug?: boolean | LinkerOptions, options?: LinkerOptions): Linker {
    return new Linker(Role.SERVER, channel, debug, options)
  }

  /** A client of the channel; {@link Linker.ready} resolves when it is connected. */
  static createClient(channel: string, debug?: boolean | LinkerOptions, options?: LinkerOptions): Linker {
    return new Linker(Role.CLIENT, channel, debug, options)
  }

  /** Called with every error of a connection, a payload or a listener. */
  onError: ((error: Error) => void) | undefined
  readonly #settings: LinkerSettings
  readonly #receivers: Receivers
  #role: Role | undefined
  #channel: string | undefined
  #debug: boolean
  #lastError: Error | undefined
  #end: ChannelEnd | undefined
  #encoder = new FrameEncoder('s-')
  #ready: Promise<boolean> = Promise.resolve(false)
  #closed: Promise<void> | undefined

  /**
   * Nothing happens until {@link Linker.init}.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
   */
  constructor(options?: LinkerOptions)
  /**
   * Opens at once, as {@link Linker.init} does; {@link Linker.ready} resolves with the result.
   *
   * @param debug - prints each step to standard error.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
   */
  constructor(role: Role, channel: string, debug?: boolean | LinkerOptions, options?: LinkerOptions)
  constructor(
    first?: Role | LinkerOptions,
    channel?: string,
    debug?: boolean | LinkerOptions,
    options?: LinkerOptions,
  ) {
    const given = [first, debug, options].find((value) => typeof value === 'object' && value !== null)
    this.#settings = linkerSettings(given)
    this.#receivers = new Receivers(this.#settings.payloads, (error) => this.#failed(error))
    this.onError = this.#settings.onError
    this.#debug = typeof debug === 'boolean' ? debug : this.#settings.debug
    const role = typeof first === 'object' ? undefined : first
    if (role !== undefined || channel !== undefined) void this.init(role as Role, channel as string)
  }

  /** The role that {@link Linker.init} has accepted. */
  get role(): Role | undefined {
    return this.#role
  }

  get channel(): string | undefined {
    return this.#channel
  }

  /** Whether each step is printed to standard error. */
  get debug(): boolean {
    return this.#debug
  }

  /** The error of the last call that failed; undefined when none has. */
  get lastError(): Error | undefined {
    return this.#lastError
  }

  /** The result of the last {@link Linker.init}; false when there was none. Never rejects. */
  get ready(): Promise<boolean> {
    return this.#ready
  }

  /** How many peers are connected: any number for a server, 0 or 1 for a client. */
  get connections(): number {
    return this.#end?.connections ?? 0
  }

  /** How many of them speak the native protocol of this package; see `upgrade` of {@link LinkerOptions}. */
  get upgraded(): number {
    return this.#end?.upgraded ?? 0
  }

  /**
   * Opens the channel: a server listens; a client connects, and waits for a server for up to `timeoutMs`.
   *
   * @returns true when it is open; false otherwise, with the reason in {@link Linker.lastError}: a bad role or channel
   *   (`ERR_INVALID_ARG_VALUE`, `ERR_INVALID_ARG_TYPE`, `ENAMETOOLONG`), a channel that has a server (`EADDRINUSE`),
   *   no server in time (`ETIMEDOUT`), the socket of another user (`EPERM`), or a linker that is in use
   *   (`EISCONN`).
   */
  init(role: Role, channel: string, debug?: boolean): Promise<boolean> {
    if (debug !== undefined) this.#debug = debug
    if (this.#end !== undefined) {
      if (role === this.#role && channel === this.#channel) return this.#ready
      const detail = `the linker is the ${this.#role} of ${this.#channel} already; close it first`
      this.#failed(new SocketError({ code: 'EISCONN', syscall: 'init', detail }))
      return Promise.resolve(false)
    }
    this.#lastError = undefined
    try {
      this.#end = this.#makeEnd(role, channel)
    } catch (error) {
      this.#failed(asError(error))
      return (this.#ready = Promise.resolve(false))
    }
    return (this.#ready = this.#open(this.#end))
  }

  /** The same as {@link Linker.init}; the name that the Python version has. */
  initSync(role: Role, channel: string, debug?: boolean): Promise<boolean> {
    return this.init(role, channel, debug)
  }

  /** The same as {@link Linker.init}; the name that the Python version has. */
  initAsync(role: Role, channel: string, debug?: boolean): Promise<boolean> {
    return this.init(role, channel, debug)
  }

  /**
   * Calls `listener` with the data of every `event` from the other end. It may be called before `init`, and inside a
   * listener.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`.
   */
  receive<T = unknown>(event: string, listener: EventListener<T>): void {
    this.#receivers.add(event, listener)
  }

  /** As {@link Linker.receive}, for the next event only. */
  receiveOnce<T = unknown>(event: string, listener: EventListener<T>): void {
    this.#receivers.addOnce(event, listener)
  }

  /** Removes one registration of `listener`; without a listener, all of the event. */
  removeReceiver<T = unknown>(event: string, listener?: EventListener<T>): void {
    this.#receivers.remove(event, listener)
  }

  /**
   * Sends an event: a server to every client, a client to the server. What is sent in one run of JavaScript is written
   * at once, after it.
   *
   * A client that is not connected keeps it until it is. A server that has had no client yet keeps it for the first
   * one; after that, without a client, it is refused. What is kept is bounded by `maxHeldBytes`.
   *
   * @param data - anything that JSON can hold.
   * @param callback - called with `(null, true)` when the system has taken it for at least one peer (after an `upgrade`:
   *   when the listeners there were called), or when it waits for a server's first client; with the error and false
   *   otherwise, before `send` returns when it is refused. The frames of unixevents have no acknowledgement: a message
   *   that was taken is lost when the peer dies before it reads. With `upgrade: 'offer'` at both ends true means heard.
   * @returns true when it was taken.
   */
  send(event: string, data?: unknown, callback?: SendCallback): boolean {
    const error = this.#send(event, data, callback && ((late) => this.#report(callback, late)))
    if (error === undefined) return true
    this.#failed(error)
    if (callback) this.#report(callback, error)
    return false
  }

  /**
   * Sends as {@link Linker.send} does, and resolves with the second argument of its callback: true for taken by the
   * system, after an `upgrade` for heard. Never rejects.
   */
  sendSync(event: string, data?: unknown): Promise<boolean> {
    return new Promise((resolve) => {
      this.send(event, data, (_, success) => resolve(success))
    })
  }

  /** The same as {@link Linker.sendSync}; the name that the Python version has. */
  sendAsync(event: string, data?: unknown): Promise<boolean> {
    return this.sendSync(event, data)
  }

  /**
   * Stops receiving, waits until the peers have taken what was sent, for up to `graceMs`, and closes. Resolves when
   * everything is closed; never rejects. A second call returns the same promise; `init` may open the linker again.
   */
  close(options: LinkerCloseOptions = {}): Promise<void> {
    const graceMs = Math.min(readGrace('close', options, 1000), LONGEST_TIMER)
    const end = this.#end
    if (end === undefined) return this.#closed ?? Promise.resolve()
    this.#end = undefined
    this.#log('closing')
    this.#closed = end.close(graceMs).catch((error: unknown) => this.#failed(asError(error)))
    return this.#closed
  }

  enableDebug(): void {
    this.#debug = true
  }

  disableDebug(): void {
    this.#debug = false
  }

  [Symbol.dispose](): void {
    void this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #makeEnd(role: Role, channel: string): ChannelEnd {
    if (role !== Role.SERVER && role !== Role.CLIENT) {
      const error = new TypeError(
        `The role must be 'server' or 'client', not ${JSON.stringify(role) ?? typeof role}`,
      )
      throw Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
    }
    const options = { ...this.#settings, ...channelAddress(channel, this.#settings.directory) }
    this.#role = role
    this.#channel = channel
    this.#encoder = new FrameEncoder(role === Role.SERVER ? 's-' : 'c-')
    const sink: ChannelSink = {
      event: (name, payload) => {
        if (this.#end !== end) return false
        this.#receivers.deliver(name, payload)
        return true
      },
      failed: (error) => this.#failed(error),
      debug: (message) => this.#log(message),
    }
    const load = async (): Promise<ChannelEnd> => {
      const { ServerRole, ClientRole } = await import('./roles.ts')
      return role === Role.SERVER ? new ServerRole(options, sink) : new ClientRole(options, sink)
    }
    const end = new LateEnd(load, options, sink.debug)
    return end
  }

  async #open(end: ChannelEnd): Promise<boolean> {
    try {
      // What was closed before may still hold the address.
      await this.#closed
      await end.open()
      this.#log('open')
      return this.#end === end
    } catch (error) {
      const reason = this.#end === end ? asError(error) : closedBefore(error)
      if (this.#end === end) await this.close()
      this.#failed(reason)
      return false
    }
  }

  #send(event: string, data: unknown, done: SendDone | undefined): Error | undefined {
    if (this.#end === undefined) {
      if (this.#closed) return failure('send', 'ERR_CLOSED', 'the linker is closed')
      return failure('send', 'ERR_CLOSED', 'the linker is not initialised: call init(role, channel) first')
    }
    if (typeof event !== 'string') return invalidArgument('send', 'the event', 'a string', event)
    if (event === CONTROL_EVENT)
      return failure('send', 'ERR_INVALID_NAME', `the event ${CONTROL_EVENT} is reserved`)
    let frame: string
    try {
      frame = this.#encoder.encode(event, data)
    } catch (error) {
      return asError(error)
    }
    const { maxFrameBytes } = this.#settings
    // The end mark is not counted, as the reader does not count it.
    // A character of UTF-16 is at most three bytes of UTF-8.
    if (frame.length * 3 - 2 <= maxFrameBytes) return this.#end.send(frame, done)
    const bytes = Buffer.byteLength(frame) - 2
    if (bytes <= maxFrameBytes) return this.#end.send(frame, done)
    return failure('send', 'ERR_FRAME_TOO_LARGE', `the frame has ${bytes} bytes, more than ${maxFrameBytes}`)
  }

  #report(callback: SendCallback, error: Error | undefined): void {
    try {
      callback(error ?? null, error === undefined)
    } catch (thrown) {
      this.#failed(failure('send', 'ERR_HANDLER_FAILED', 'the callback of a send failed', thrown))
    }
  }

  #failed(error: Error): void {
    this.#lastError = error
    this.#log(error.message)
    try {
      this.onError?.(error)
    } catch (thrown) {
      this.#log(`onError has thrown: ${asError(thrown).message}`)
    }
  }

  #log(message: string): void {
    const about = `${this.#role ?? '-'} ${this.#channel ?? '-'}`
    if (this.#debug) console.error(`[unixevents ${about}] ${printable(message)}`)
  }
}

const closedBefore = (cause: unknown): Error => failure('init', 'ERR_CLOSED', 'the linker was closed', cause)

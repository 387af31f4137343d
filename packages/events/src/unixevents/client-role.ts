/** ClientRole: the client of a channel; connects, and connects again. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Duplex } from 'node:stream'
import { connect } from '@uds/stream'
import { failure } from '../errors/errors.ts'
import { Backoff, codeOf, isScarcity, mayConnectLater } from '@uds/winsock-ffi/internal'
import { checkServer } from './channel/server-user.ts'
import { ClientSession } from './session/client-session.ts'
import type { ControlMessage } from './frames/control-message.ts'
import { PendingFrames } from './connection/pending-frames.ts'
import type { PendingFrame } from './connection/pending-frames.ts'
import { Link } from './connection/link.ts'
import type { SendDone } from './connection/pending-frames.ts'
import { ResumeBuffer } from './session/resume-buffer.ts'
import { RETRY } from './role.ts'
import type { ChannelEnd, ChannelOptions, ChannelSink } from './role.ts'

/** Old peers set the permissions of their socket after they listen. */
const passes = (error: unknown): boolean => mayConnectLater(error, { unfinished: true })

/** No server is there, or it has too much to do: what a client waits for by itself. */
const isAbsent = (error: unknown): boolean => mayConnectLater(error) && !isScarcity(error)

/** A connection that has lasted this long was a good one: after it the waits begin small again. */
const STABLE_MS = 1000

/** How long a connection of no more use may take to end. */
const GIVEN_UP_GRACE_MS = 1000

/**
 * A client of a channel: one connection, made again whenever it ends. With a server of this package it has a session in
 * the native protocol, which outlives its connections; with others it has none.
 */
export class ClientRole implements ChannelEnd {
  readonly #options: ChannelOptions
  readonly #sink: ChannelSink
  readonly #pending: PendingFrames
  readonly #abort = new AbortController()
  /** The connection, while it carries the frames of unixevents. */
  #link: Link | undefined
  /** What is sent goes here as soon as it is there, also while {@link ClientRole.#link} is still what carries it. */
  #session: ClientSession | undefined
  /** There is a session, and a connection whose server may not have it any more. */
  #resuming: ResumeBuffer | undefined
  /** The connection on which the native protocol was offered. */
  #offered: Link | undefined
  /** The connection on which the session was abandoned: no other begins there. */
  #plain: Link | undefined
  #backoff = new Backoff(RETRY)
  #connectedAt = 0

  constructor(options: ChannelOptions, sink: ChannelSink) {
    this.#options = options
    this.#sink = sink
    this.#pending = new PendingFrames(options.maxHeldBytes)
  }

  get connections(): number {
    return this.#link === undefined ? this.upgraded : 1
  }

  get upgraded(): number {
    return this.#session?.connected ? 1 : 0
  }

  async open(): Promise<void> {
    const { timeoutMs, address } = this.#options
    const until = performance.now() + timeoutMs
    const backoff = new Backoff(RETRY)
    for (;;) {
      try {
        this.#use(await this.#connect())
        return
      } catch (error) {
        if (!passes(error)) throw error
        this.#sink.debug(`not connected yet: ${(error as Error).message}`)
        const left = until - performance.now()
        if (left <= 0) throw noServer(address, timeoutMs, error as Error)
        await wait(Math.min(backoff.next(), left), undefined, { signal: this.#abort.signal })
      }
    }
  }

  send(frame: string, done: SendDone | undefined): Error | undefined {
    const { maxQueueBytes, maxHeldBytes } = this.#options
    if (this.#session || this.#link) {
      if ((this.#session ?? this.#link)?.send(frame, done)) return undefined
      return failure(
        'send',
        'ERR_QUEUE_FULL',
        `more than ${maxQueueBytes} bytes wait for a server that does not read`,
      )
    }
    if (this.#pending.add(frame, done)) return undefined
    return failure(
      'send',
      'ERR_QUEUE_FULL',
      `${maxHeldBytes} bytes wait for the connection to the server already`,
    )
  }

  async close(graceMs: number): Promise<void> {
    await this.#link?.noneHeld()
    const closed = failure('send', 'ERR_CLOSED', 'the linker was closed')
    this.#abort.abort(closed)
    this.#resuming?.stop()
    const session = this.#session
    // Without a connection, and none about to come, what was not acknowledged stays so.
    const lost = this.#pending.size + (session?.connected || this.#link ? 0 : (session?.open ?? 0))
    if (lost > 0) {
      const detail = `${lost} messages were waiting for a connection to the server, and are lost`
      this.#sink.failed(failure('close', 'ERR_DISCONNECTED', detail))
    }
    this.#pending.release((_, done) => done?.(closed))
    await session?.close(graceMs, this.#link !== undefined)
    await this.#link?.close(graceMs)
  }

  async #connect(): Promise<Duplex> {
    const { address, path, anyOwner, transport } = this.#options
    const options = { signal: this.#abort.signal, allowHalfOpen: true }
    const connection = await (transport
      ? connect(address, { ...options, transport })
      : connect(address, options))
    if (anyOwner) return connection
    try {
      checkServer(connection, address, path)
      return connection
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  #use(connection: Duplex): void {
    const link: Link = new Link(connection, 'c-', this.#options, {
      greeting: () => this.#greeting(link, this.#wants),
      event: (name, payload) => {
        if (!this.#resuming) return this.#sink.event(name, payload)
        this.#resuming.event(name, payload)
        return true
      },
      control: (control) => this.#control(link, control),
      switched: (socket, head, results) => {
        // The last frame of the server comes after it has read all of this end's.
        for (const done of results) done()
        this.#link = undefined
        this.#resuming = undefined
        // A server that has come so far is a good one: the waits begin small again.
        this.#backoff = new Backoff(RETRY)
        this.#sink.debug('going on in the native protocol')
        this.#session?.use(socket, head)
      },
      failed: (error) => this.#sink.failed(error),
      closed: (unwritten) => this.#closed(link, unwritten),
    })
    this.#link = link
    this.#connectedAt = performance.now()
    this.#sink.debug('connected')
    if (this.#session) {
      const deliver = (name: string, payload: unknown): void => void this.#sink.event(name, payload)
      this.#resuming = new ResumeBuffer(deliver, () => this.#abandonSession())
      link.hello()
      return
    }
    if (this.#wants) {
      link.hello()
      link.offer()
    }
    this.#release(link)
  }

  get #wants(): boolean {
    return this.#session !== undefined || this.#options.upgrade === 'offer'
  }

  #mayUpgrade(link: Link): boolean {
    return this.#options.upgrade !== 'refuse' && this.#plain !== link
  }

  #greeting(link: Link, wanted: boolean): ControlMessage {
    if (!wanted || !this.#mayUpgrade(link)) return { hello: 1 }
    this.#offered = link
    return { hello: 1, native: 1, ...(this.#session && { session: this.#session.id }) }
  }

  /** The server is one of ours: it greets, or answers. */
  #control(link: Link, { hello, native, known }: ControlMessage): void {
    if (hello !== 1 || (this.#abort.signal.aborted && !this.#session)) return
    if (known === undefined) {
      if (native !== 1 || this.#offered === link) link.hello()
      else {
        link.sendControl(this.#greeting(link, true))
        if (this.#offered === link && !this.#session) link.offer()
      }
    } else if (this.#offered === link) this.#answered(link, native === 1, known)
  }

  #answered(link: Link, agrees: boolean, known: boolean): void {
    if (!agrees || this.#plain === link) {
      link.refused()
      this.#abandonSession()
      // It has taken so long that this end did not wait, and it sends nothing here any more.
      if (known && this.#plain === link) void link.close(GIVEN_UP_GRACE_MS)
      return
    }
    this.#resuming?.settle(known)
    const session = (this.#session ??= this.#begin())
    for (const { frame, done } of link.takeHeld()) if (!session.send(frame, done)) done?.(tooMuch())
    link.leave({ switch: 1, session: session.id })
  }

  #begin(): ClientSession {
    return new ClientSession(this.#options, {
      event: (name, payload) => this.#sink.event(name, payload),
      failed: (error) => this.#sink.failed(error),
      disconnected: () => this.#lost(),
      over: (held) => this.#over(held),
    })
  }

  /** The server does not have the session, and cannot begin one: it is not one of ours, or does not wish to. */
  #abandonSession(): void {
    if (!this.#session) return
    this.#plain = this.#link
    this.#resuming?.settle(false)
    this.#session.abandon()
  }

  /** What was not acknowledged is sent again, in the frames of unixevents. */
  #over(held: readonly PendingFrame[]): void {
    this.#session = undefined
    this.#resuming = undefined
    const { aborted, reason } = this.#abort.signal
    if (aborted) for (const { done } of held) done?.(reason as Error)
    else this.#pending.addAll(held)
    if (this.#link) this.#release(this.#link)
  }

  #release(link: Link): void {
    this.#pending.release((frame, done) => {
      if (link.send(frame, done)) return
      done?.(tooMuch())
    })
  }

  /** Frames that nobody can have heard wait for the next connection. */
  #closed(link: Link, unwritten: readonly PendingFrame[]): void {
    if (this.#link !== link || this.#abort.signal.aborted || this.#session) {
      for (const { done } of unwritten) done?.(gone())
      if (this.#session && unwritten.length > 0) this.#sink.failed(lostBeforeTheSwitch(unwritten.length))
    } else this.#pending.addAll(unwritten)
    if (this.#link !== link) return
    this.#link = undefined
    this.#resuming?.stop()
    this.#resuming = undefined
    this.#lost()
  }

  #lost(): void {
    if (this.#abort.signal.aborted) return
    this.#sink.debug('the connection has ended; connecting again')
    void this.#reconnect()
  }

  /** Tries until it is connected or closed; reports each kind of failure once. */
  async #reconnect(): Promise<void> {
    const { signal } = this.#abort
    // A server that ends every connection at once is not asked without a pause.
    if (performance.now() - this.#connectedAt > STABLE_MS) this.#backoff = new Backoff(RETRY)
    let reported: string | undefined
    for (;;) {
      await wait(this.#backoff.next(), undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      try {
        this.#use(await this.#connect())
        return
      } catch (error) {
        if (signal.aborted) return
        if (!isAbsent(error) && reported !== codeOf(error)) this.#sink.failed(error as Error)
        reported = codeOf(error)
      }
    }
  }
}

const tooMuch = (): Error => failure('send', 'ERR_QUEUE_FULL', 'more waits for the server than the bound')

const gone = (): Error =>
  failure('send', 'ERR_DISCONNECTED', 'the connection was closed before this was written')

/** Frames that were sent after them are in the session already, so these cannot follow in order. */
const lostBeforeTheSwitch = (count: number): Error =>
  failure('send', 'ERR_DISCONNECTED', `${count} messages are lost: the connection ended before the switch`)

const noServer = (address: string, timeoutMs: number, last: Error): Error => {
  const why = isAbsent(last) ? 'no server has come to' : 'no connection could be made to'
  return failure('init', 'ETIMEDOUT', `${why} ${address} within ${timeoutMs} ms (${last.message})`, last)
}

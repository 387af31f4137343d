/** ServerRole: the server of a channel. */
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { listen } from '@uds/stream'
import type { Listener } from '@uds/stream'
import { failure } from '../errors/errors.ts'
import { Backoff } from '@uds/winsock-ffi/internal'
import type { ControlMessage } from './frames/control-message.ts'
import { PendingFrames } from './connection/pending-frames.ts'
import type { PendingFrame, SendDone } from './connection/pending-frames.ts'
import { Link } from './connection/link.ts'
import { ServerSessions } from './session/server-sessions.ts'
import { RETRY } from './role.ts'
import type { ChannelEnd, ChannelOptions, ChannelSink } from './role.ts'

/** How long an address in use may still belong to a server that is closing. */
const IN_USE_MS = 300

/**
 * A program that only looks whether a server is alive connects and leaves at once. What is held for the first client
 * goes to a connection that has stayed this long, or has sent something.
 */
const PROBATION_MS = 20

/** The server of a channel: any number of clients, each of which gets everything that is sent. */
export class ServerRole implements ChannelEnd {
  readonly #options: ChannelOptions
  readonly #sink: ChannelSink
  readonly #links = new Set<Link>()
  /** Those of {@link ServerRole.#links} that get what is sent. */
  readonly #members = new Set<Link>()
  /** Those that are about to go on in the native protocol. */
  readonly #left = new WeakSet<Link>()
  /** The clients that have gone on in the native protocol. */
  readonly #sessions: ServerSessions
  readonly #pending: PendingFrames
  readonly #abort = new AbortController()
  #listener: Listener | undefined
  /** A client has been here, so nothing is held any more. */
  #served = false
  /** The connection that got what was held. */
  #first: Link | undefined

  constructor(options: ChannelOptions, sink: ChannelSink) {
    this.#options = options
    this.#sink = sink
    this.#pending = new PendingFrames(options.maxHeldBytes)
    this.#sessions = new ServerSessions(options, sink)
  }

  get connections(): number {
    return this.#members.size + this.#sessions.connections
  }

  get upgraded(): number {
    return this.#sessions.connections
  }

  async open(): Promise<void> {
    const listener = await this.#listen()
    if (this.#abort.signal.aborted) {
      await listener.close()
      throw this.#abort.signal.reason
    }
    this.#listener = listener
    listener.on('connection', (connection) => this.#accept(connection))
    listener.on('connectionError', (error) => this.#sink.debug(`connection: ${error.message}`))
  }

  send(frame: string, done: SendDone | undefined): Error | undefined {
    const peers = this.#members.size + this.#sessions.size
    if (peers === 0) {
      if (!this.#served) return this.#holdBack(frame, done)
      return failure('send', 'ERR_DISCONNECTED', 'no client is connected to the channel')
    }
    const settle = done && collect(peers, done)
    for (const link of this.#members) if (!link.send(frame, settle)) this.#dropSlow(link, settle)
    this.#sessions.send(frame, settle, () => this.#tooSlow(settle))
    return undefined
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.noneHeld()))
    const closed = failure('init', 'ERR_CLOSED', 'the linker was closed')
    this.#abort.abort(closed)
    if (this.#pending.size > 0) {
      const detail = `${this.#pending.size} messages were held for the first client, and none has come`
      this.#sink.failed(failure('close', 'ERR_DISCONNECTED', detail))
    }
    this.#pending.release((_, done) => done?.(closed))
    const links = [...this.#links].map((link) => link.close(graceMs))
    // Each link has its own limit of time.
    await Promise.all([this.#listener?.close({ graceMs: Infinity }), this.#sessions.close(graceMs), ...links])
  }

  /** Another server of the channel may be about to end, even in this process: waits a moment for that. */
  async #listen(): Promise<Listener> {
    const { address, path, transport } = this.#options
    const { signal } = this.#abort
    const options = { ...(path !== undefined && { mode: 0o600 }), allowHalfOpen: true, signal }
    const until = performance.now() + IN_USE_MS
    const backoff = new Backoff(RETRY)
    for (;;) {
      try {
        return await (transport ? listen(address, { ...options, transport }) : listen(address, options))
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'EADDRINUSE' || performance.now() > until) throw error
        await wait(backoff.next(), undefined, { signal })
      }
    }
  }

  #accept(connection: Duplex): void {
    this.#sink.debug('a client has connected')
    let session = ''
    const link: Link = new Link(connection, 's-', this.#options, {
      greeting: () => (this.#offers ? { hello: 1, native: 1 } : { hello: 1 }),
      event: (name, payload) => {
        this.#serve(link)
        return this.#sink.event(name, payload)
      },
      control: (control) => {
        if (control.hello === 1) this.#answer(link, control)
        if (control.switch === 1) {
          session = control.session ?? ''
          this.#switch(link, session)
        }
      },
      switched: (socket, head, results) => {
        clearTimeout(probation)
        this.#links.delete(link)
        this.#sessions.accept(session, socket, head, results)
      },
      failed: (error) => this.#sink.failed(error),
      closed: (unwritten) => {
        clearTimeout(probation)
        this.#links.delete(link)
        if (this.#members.delete(link)) this.#sink.debug('a client has left')
        if (session !== '') this.#sessions.abandon(session)
        this.#notHeard(link, unwritten)
      },
    })
    const probation = setTimeout(() => this.#serve(link), PROBATION_MS)
    this.#links.add(link)
    if (this.#pending.size === 0) this.#members.add(link)
    if (!this.#offers) return
    link.hello()
    link.offer()
  }

  get #offers(): boolean {
    return this.#options.upgrade === 'offer'
  }

  /** A client of this package has greeted, perhaps one that comes back. */
  #answer(link: Link, { native, session }: ControlMessage): void {
    const agrees = native === 1 && this.#options.upgrade !== 'refuse'
    const known = this.#sessions.knows(session)
    link.sendControl({ hello: 1, ...(agrees && { native: 1 }), known })
    if (!agrees) {
      link.refused()
      return
    }
    link.agree()
    if (known) {
      // What was sent to this connection so far is sent to the session as well, so the client ignores it here.
      this.#retire(link)
      for (const { done } of link.takeHeld()) done?.(superseded())
      return
    }
    this.#serve(link)
  }

  /** What is sent from now on is for the session of this client. */
  #retire(link: Link): void {
    this.#left.add(link)
    this.#members.delete(link)
  }

  /** The client has sent its last frame of unixevents: what waits is written, and then this end's last one. */
  #switch(link: Link, session: string): void {
    this.#retire(link)
    this.#sessions.begin(session, link.takeHeld(), () => link.destroy())
    link.leave({ switch: 1 })
  }

  /** A client is here to stay: it gets what was held, if it is the first. */
  #serve(link: Link): void {
    if (!this.#links.has(link) || this.#left.has(link) || this.#abort.signal.aborted) return
    this.#members.add(link)
    if (this.#served) return
    this.#served = true
    this.#first = link
    this.#pending.release((frame, done) => {
      if (!link.send(frame, done)) this.#dropSlow(link, done)
    })
  }

  /** Frames that a client has left before it could hear them: if it has heard none, the next client is the first. */
  #notHeard(link: Link, unwritten: readonly PendingFrame[]): void {
    const peers = this.#members.size + this.#sessions.size
    if (link === this.#first && link.holding && peers === 0 && !this.#abort.signal.aborted) {
      this.#served = false
      this.#pending.addAll(unwritten)
    } else for (const { done } of unwritten) done?.(gone())
  }

  #holdBack(frame: string, done: SendDone | undefined): Error | undefined {
    if (!this.#pending.add(frame)) {
      const detail = `no client has come, and ${this.#options.maxHeldBytes} bytes are held for the first already`
      return failure('send', 'ERR_QUEUE_FULL', detail)
    }
    if (done) queueMicrotask(done)
    return undefined
  }

  /** One client that does not read may neither hold the others up nor fill the memory. */
  #dropSlow(link: Link, done: SendDone | undefined): void {
    this.#links.delete(link)
    this.#members.delete(link)
    link.destroy()
    this.#tooSlow(done)
  }

  #tooSlow(done: SendDone | undefined): void {
    const detail = `more than ${this.#options.maxQueueBytes} bytes wait for a client that does not read: it is closed`
    const error = failure('send', 'ERR_SLOW_CONSUMER', detail)
    this.#sink.failed(error)
    done?.(error)
  }
}

/**
 * Calls `done` once: at the first of `count` that went well, so that one slow client holds nobody up, or with the error
 * when none has.
 */
const collect = (count: number, done: SendDone): SendDone => {
  let left = count
  return (error) => {
    left -= 1
    if (left < 0 || (error && left > 0)) return
    left = 0
    done(error)
  }
}

const gone = (): Error => failure('send', 'ERR_DISCONNECTED', 'the client has left before this was written')

const superseded = (): Error => failure('send', 'ERR_DISCONNECTED', 'the session of the client brings it')

/** ServerSessions: the native sessions of a server, after the upgrade; they are resumed here. */
import type { Duplex } from 'node:stream'
import { failure } from '../../errors/errors.ts'
import type { ServerPeer } from '../../server/peer.ts'
import { EventServer } from '../../server/server.ts'
import type { PendingFrame } from '../connection/pending-frames.ts'
import type { LinkLimits } from '../connection/link.ts'
import { FRAME_EVENT, frameCodec, frameReader, sessionOptions, SessionSender } from './session-frames.ts'
import type { SendDone } from '../connection/pending-frames.ts'

/** What {@link ServerSessions} report to their owner. */
export interface SessionsSink {
  event(name: string, payload: unknown): boolean
  failed(error: Error): void
  debug(message: string): void
}

/** What a server knows of a client that has gone on in the native protocol. */
interface Session {
  readonly sender: SessionSender
  readonly read: (frame: unknown) => void | Promise<void>
  /** Undefined until its first connection has said hello. */
  peer: ServerPeer | undefined
  /** What was sent before that. */
  early: PendingFrame[]
  /** Reported once the client is known to have read all frames of unixevents. */
  results: readonly SendDone[]
  /** Ends the connection on which it begins. */
  end: () => void
}

/**
 * The native sessions of a server: an `EventServer` that does not listen, and adopts connections. A session outlives
 * its connection for a while; what is sent meanwhile waits until the client is back.
 */
export class ServerSessions {
  readonly #limits: LinkLimits
  readonly #sink: SessionsSink
  readonly #server: EventServer
  readonly #sessions = new Map<string, Session>()

  constructor(limits: LinkLimits, sink: SessionsSink) {
    this.#limits = limits
    this.#sink = sink
    this.#server = EventServer.detached({ ...sessionOptions(limits), codecs: [frameCodec] })
    this.#server.on('connection', (peer) => this.#connected(peer))
    this.#server.on('disconnect', () => sink.debug('a client of the native protocol has lost its connection'))
    this.#server.on('error', (error) => sink.failed(error))
    this.#server.on(FRAME_EVENT, (frame, peer) => this.#of(peer).read(frame))
  }

  /** How many sessions have a connection. */
  get connections(): number {
    return this.#server.peers.length
  }

  /** How many sessions there are, with those whose clients have to come back first. */
  get size(): number {
    this.#prune()
    return this.#sessions.size
  }

  knows(id: string | undefined): boolean {
    this.#prune()
    return id !== undefined && this.#sessions.has(id)
  }

  /**
   * From here on what is sent is for this session, too; these frames come first.
   *
   * @param end - ends the connection on which the session begins, when its client does not read
   */
  begin(id: string, held: readonly PendingFrame[], end: () => void): void {
    if (!this.knows(id)) this.#sessions.set(id, this.#make(undefined))
    const session = this.#sessions.get(id)
    if (session === undefined) return
    session.end = end
    for (const { frame, done } of held) if (!this.#sendTo(id, session, frame, done)) done?.(this.#gone())
  }

  /** The connection of a session that has begun is gone before the switch. */
  abandon(id: string): void {
    const session = this.#sessions.get(id)
    if (session === undefined || session.peer !== undefined) return
    this.#sessions.delete(id)
    for (const { done } of session.early) done?.(this.#gone())
    for (const done of session.results) done(this.#gone())
  }

  /**
   * Takes the connection of a session that has begun.
   *
   * @param results - reported when the client speaks the native protocol: then it has read all that was before it
   */
  accept(id: string, connection: Duplex, head: Uint8Array, results: readonly SendDone[]): void {
    const session = this.#sessions.get(id)
    if (session) session.results = [...session.results, ...results]
    connection.once('close', () => {
      session?.sender.disconnected()
      this.abandon(id)
    })
    this.#server.accept(connection, head)
  }

  /** Sends a frame to every session. `slow` is called for each that exceeds its bound, and that session ends. */
  send(frame: string, done: SendDone | undefined, slow: () => void): void {
    for (const [id, session] of this.#sessions) if (!this.#sendTo(id, session, frame, done)) slow()
  }

  /** False when the session exceeds its bound, and is ended; `done` is not called then. */
  #sendTo(id: string, session: Session, frame: string, done: SendDone | undefined): boolean {
    if (!session.sender.take(frame)) {
      if (session.peer === undefined) {
        this.abandon(id)
        session.end()
      } else {
        this.#sessions.delete(id)
        session.peer.disconnect('it does not read what is sent to it')
      }
      return false
    }
    if (session.peer === undefined) session.early.push({ frame, done })
    else session.sender.send(session.peer, frame, done)
    return true
  }

  /** Lets what was sent be acknowledged, for up to `graceMs` milliseconds, and ends. */
  async close(graceMs: number): Promise<void> {
    const connected = [...this.#sessions.values()].filter(({ peer }) => peer?.connected)
    await Promise.all(connected.map(({ sender }) => sender.noneOpen(graceMs)))
    await this.#server.close({ graceMs: 0 })
  }

  #make(peer: ServerPeer | undefined): Session {
    const { maxQueueBytes } = this.#limits
    return {
      sender: new SessionSender(maxQueueBytes, (_, done, error) => done?.(error)),
      read: frameReader('s-', this.#limits, this.#sink),
      peer,
      early: [],
      results: [],
      end: () => {},
    }
  }

  #of(peer: ServerPeer): Session {
    const id = peer.name ?? ''
    let session = this.#sessions.get(id)
    if (session === undefined) this.#sessions.set(id, (session = this.#make(peer)))
    return session
  }

  #connected(peer: ServerPeer): void {
    const session = this.#of(peer)
    session.peer = peer
    const { early, results } = session
    session.early = []
    session.results = []
    for (const done of results) done()
    for (const { frame, done } of early) session.sender.send(peer, frame, done)
  }

  /** A session ends when its client says goodbye, or does not come back in time. */
  #prune(): void {
    for (const [id, { peer }] of this.#sessions) if (peer?.closed) this.#sessions.delete(id)
  }

  #gone(): Error {
    return failure('send', 'ERR_DISCONNECTED', 'the client has left')
  }
}

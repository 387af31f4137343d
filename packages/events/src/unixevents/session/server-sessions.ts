import type { Duplex } from 'node:stream'
import { failure } from '../../errors.ts'
import type { ServerPeer } from '../../server/peer.ts'
import { EventServer } from '../../server/server.ts'
import type { PendingFrame } from '../connection/pending-frames.ts'
import type { LinkLimits } from '../connection/link.ts'
import { FRAME_EVENT, frameCodec, frameReader, sessionOptions, SessionSender } from './session-frames.ts'
import type { SendDone } from '../connection/outbox.ts'

/** What {@link ServerSessions} report to their owner. */
export interface SessionsSink {
  event(name: string, payload: unknown): void
  failed(error: Error): void
  debug(message: string): void
}

/** What a server knows of a client that has gone on in the native protocol. */
interface Session {
  readonly sender: SessionSender
  readonly read: (frame: unknown) => void
  /** Undefined until its first connection has said hello. */
  peer: ServerPeer | undefined
  /** What was sent before that. */
  early: PendingFrame[]
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
    this.#server.on(FRAME_EVENT, (frame, peer) => this.#sessions.get(peer.name ?? '')?.read(frame))
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

  /** From here on what is sent is for this session, too. */
  begin(id: string): void {
    if (!this.knows(id)) this.#sessions.set(id, this.#make(undefined))
  }

  /** Takes the connection of a session that has begun. */
  accept(id: string, connection: Duplex, head: Uint8Array): void {
    connection.once('close', () => {
      const session = this.#sessions.get(id)
      if (session === undefined || session.peer !== undefined) return
      this.#sessions.delete(id)
      for (const { done } of session.early) done?.(this.#gone())
    })
    this.#server.accept(connection, head)
  }

  /** Sends a frame to every session. `slow` is called for each that exceeds its bound, and that session ends. */
  send(frame: string, done: SendDone | undefined, slow: () => void): void {
    for (const [id, session] of this.#sessions) {
      if (!session.sender.take(frame)) {
        this.#sessions.delete(id)
        session.peer?.disconnect('it does not read what is sent to it')
        slow()
      } else if (session.peer === undefined) session.early.push({ frame, done })
      else session.sender.send(session.peer, frame, done)
    }
  }

  close(graceMs: number): Promise<void> {
    return this.#server.close({ graceMs })
  }

  #make(peer: ServerPeer | undefined): Session {
    const { maxQueueBytes } = this.#limits
    return {
      sender: new SessionSender(maxQueueBytes, (_, done, error) => done?.(error)),
      read: frameReader('s-', this.#limits, this.#sink),
      peer,
      early: [],
    }
  }

  #connected(peer: ServerPeer): void {
    const id = peer.name ?? ''
    let session = this.#sessions.get(id)
    if (session === undefined) this.#sessions.set(id, (session = this.#make(peer)))
    session.peer = peer
    const { early } = session
    session.early = []
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

/** ServerHandshake: lets a client in, begins or resumes its session. */
import type { Duplex } from 'node:stream'
import type { Codec } from '../codecs/codec.ts'
import { asError, failure } from '../errors/errors.ts'
import type { HandledJournal, KeptSession } from '../journal/handled-journal.ts'
import type { EndSettings } from '../end/options.ts'
import { FrameType } from '../wire/frame.ts'
import { type Hello, KNOWN_OPTIONS, readHello } from '../wire/handshake-messages.ts'
import { Link } from '../wire/link.ts'
import { firstFrame, limitHandshake, putFirst, unexpectedFirst } from '../wire/first-frame.ts'
import {
  admit,
  type Authorizer,
  codecFor,
  type KnownUser,
  ownerOf,
  sameUser,
  type SessionOwner,
} from './authorize.ts'
import type { ServerPeer } from './peer.ts'
import type { Sessions } from './sessions.ts'

/** Whom a {@link ServerHandshake} lets in. */
export interface HandshakeSettings extends EndSettings {
  readonly codecs: readonly Codec[]
  readonly token: string | undefined
  readonly authorize: 'sameUser' | Authorizer | undefined
}

/** What a {@link ServerHandshake} needs of its server. */
export interface HandshakeContext<M extends object> {
  readonly settings: HandshakeSettings
  readonly sessions: Sessions<M>
  readonly journal: HandledJournal | undefined
  /** Makes what the server knows of a client that it did not know. */
  newPeer(session: string, codec: Codec, owner: SessionOwner): ServerPeer<M>
  /** True when another session than this one is connected with the name, and names are unique. */
  nameTaken(name: string, session: string): boolean
  /** A client is there. */
  connected(peer: ServerPeer<M>, resumed: boolean): void
  /** A client lost its connection. */
  disconnected(peer: ServerPeer<M>, reason: Error | undefined): void
  /** A connection ended before it was let in, or `authorize` threw. */
  readonly report: (error: Error) => void
}

/** The handshake of a server: every connection says who it is, and is let in or refused with a reason. */
export class ServerHandshake<M extends object> {
  readonly #context: HandshakeContext<M>
  readonly #unfinished = new Set<Link>()
  #closed = false

  constructor(context: HandshakeContext<M>) {
    this.#context = context
  }

  /**
   * Takes a connection, with the bytes that were read from it already.
   *
   * @param user - the user at the other end, where that is known without the system
   */
  accept(connection: Duplex, head: Uint8Array | undefined, user: KnownUser): void {
    const { settings } = this.#context
    let peer: ServerPeer<M> | undefined
    let greeted = false
    const link = new Link(
      connection,
      {
        frame: (from, buffer, start, end) => {
          if (greeted) throw failure('handshake', 'ERR_PROTOCOL', 'a frame before the welcome')
          greeted = true
          const hello = helloIn(buffer, start, end)
          from.hold()
          void this.#admit(from, hello, user, (admitted) => {
            peer = admitted
            stopTimer()
            from.release()
          })
        },
        closed: (from, reason) => {
          stopTimer()
          this.#unfinished.delete(from)
          if (peer !== undefined) this.#lost(peer, from, reason)
          else if (reason !== undefined) this.#context.report(reason)
        },
      },
      settings.maxNames,
    )
    this.#unfinished.add(link)
    const stopTimer = limitHandshake(link, settings.handshakeTimeoutMs)
    if (this.#closed) link.goodbye(closing())
    else if (head !== undefined) link.take(Buffer.from(head), head.length)
  }

  /** Decides who it is, and lets it in; or ends the connection. Never rejects. */
  async #admit(
    link: Link,
    hello: Hello,
    user: KnownUser,
    entered: (peer: ServerPeer<M>) => void,
  ): Promise<void> {
    try {
      const { authorize, token, codecs } = this.#context.settings
      await admit(hello, link.duplex, token, authorize, this.#context.report)
      const codec = codecFor(hello, codecs, () => sameUser(link.duplex))
      if (link.closed) return
      if (this.#closed) throw closing()
      entered(this.#welcome(link, hello, codec, ownerOf(link.duplex, hello, user)))
    } catch (error) {
      link.fail(asError(error))
    }
  }

  #welcome(link: Link, hello: Hello, codec: Codec, owner: SessionOwner): ServerPeer<M> {
    const { settings, sessions } = this.#context
    const known = sessions.get(hello.session)
    const kept = known === undefined ? this.#context.journal?.find(hello.session) : undefined
    const begunBy = known?.owner.id ?? kept?.owner
    if (begunBy !== undefined && begunBy !== owner.id) {
      throw failure('handshake', 'ERR_UNAUTHORIZED', 'another user, or another token, began this session')
    }
    if (known !== undefined && (known.channel.codec !== codec || known.name !== hello.name)) {
      throw failure('handshake', 'ERR_PROTOCOL', 'the session was begun with another name or codec')
    }
    if (hello.name !== undefined && this.#context.nameTaken(hello.name, hello.session))
      throw failure('handshake', 'ERR_NAME_TAKEN', `another client is connected as '${hello.name}'`)
    if (known !== undefined) this.#takeOver(known)
    const peer = known ?? this.#newcomer(hello, codec, owner, kept)
    sessions.enter(peer)
    this.#unfinished.delete(link)
    link.peerMaxFrame = hello.maxFrame
    link.peerKnows = hello.knows ?? []
    link.decoder.limit = settings.maxFrame
    const { maxFrame, keepAliveMs, name, require } = settings
    const resumed = known !== undefined
    const { base, next } = peer.channel.sends
    putFirst(link, FrameType.welcome, {
      resumed,
      base,
      next,
      maxFrame,
      keepAliveMs,
      name,
      knows: KNOWN_OPTIONS,
      require,
    })
    peer.begin(link, hello.name, hello.keepAliveMs)
    this.#context.connected(peer, resumed)
    return peer
  }

  #newcomer(hello: Hello, codec: Codec, owner: SessionOwner, kept: KeptSession | undefined): ServerPeer<M> {
    const peer = this.#context.newPeer(hello.session, codec, owner)
    const { duplicates, sends } = peer.channel
    // Numbers that a server of before has used are not used again: the client may still know them.
    sends.next = Math.max(sends.next, (hello.received ?? 0) + 1)
    duplicates.begin(hello)
    duplicates.highest = Math.max(duplicates.highest, kept?.highest ?? 0)
    for (const seq of kept?.deferred ?? []) duplicates.defer(seq)
    return peer
  }

  /** The client has noticed the loss of its connection before this end did. */
  #takeOver(peer: ServerPeer<M>): void {
    const old = peer.channel.link
    if (old === undefined) return
    const reason = failure('handshake', 'ERR_SESSION_TAKEN', 'the session goes on over another connection')
    old.goodbye(reason)
    this.#lost(peer, old, reason)
  }

  #lost(peer: ServerPeer<M>, link: Link, reason: Error | undefined): void {
    if (peer.channel.link !== link) return
    this.#context.sessions.disconnect(peer)
    peer.lose(reason)
    // Emitted before the session may be forgotten: the listener can still see the rooms.
    this.#context.disconnected(peer, reason)
    // A client that said goodbye, or was sent away, does not come back.
    this.#context.sessions.leave(peer, link.closeReason !== undefined || peer.sentAway)
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#closed = true
    for (const link of this.#unfinished) link.goodbye(closing())
  }
}

const helloIn = (buffer: Buffer, start: number, end: number): Hello => {
  const { type, body } = firstFrame(buffer, start, end)
  if (type !== FrameType.hello) throw unexpectedFirst(type, 'HELLO')
  return readHello(body)
}

/** The reason that clients receive when the server closes. */
export const closing = (): Error => failure('close', 'ERR_CLOSED', 'the server is closing')

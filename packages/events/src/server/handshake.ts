import type { Duplex } from 'node:stream'
import type { Codec } from '../codecs/codec.ts'
import { asError, failure } from '../errors.ts'
import type { HandledJournal } from '../journal/journal.ts'
import type { EndSettings } from '../end/options.ts'
import { FrameType } from '../wire/frame.ts'
import { type Hello, readHello } from '../wire/handshake-messages.ts'
import { Link } from '../wire/link.ts'
import { firstFrame, limitHandshake, sayFirst, unexpectedFirst } from '../wire/first-frame.ts'
import { admit, type AuthorizePeer, codecFor, sameUser } from './authorize.ts'
import type { ServerPeer } from './peer.ts'
import type { Sessions } from './sessions.ts'

/** Whom a {@link Reception} lets in. */
export interface ReceptionSettings extends EndSettings {
  readonly codecs: readonly Codec[]
  readonly token: string | undefined
  readonly authorize: 'sameUser' | AuthorizePeer | undefined
}

/** What a {@link Reception} needs of its server. */
export interface House<M extends object> {
  readonly settings: ReceptionSettings
  readonly sessions: Sessions<M>
  readonly journal: HandledJournal | undefined
  /** Makes what the server knows of a client that it did not know. */
  newPeer(session: string, codec: Codec): ServerPeer<M>
  /** A client is there. */
  entered(peer: ServerPeer<M>, resumed: boolean): void
  /** A client lost its connection. */
  left(peer: ServerPeer<M>, reason: Error | undefined): void
  /** A connection ended before it was let in. */
  report(error: Error): void
}

/** The door of a server: every connection says who it is, and is let in or told why not. */
export class Reception<M extends object> {
  readonly #house: House<M>
  readonly #greeting = new Set<Link>()
  #closed = false

  constructor(house: House<M>) {
    this.#house = house
  }

  /** Takes a connection, with the bytes that were read from it already. */
  accept(connection: Duplex, head: Uint8Array | undefined): void {
    const { settings } = this.#house
    let peer: ServerPeer<M> | undefined
    let greeted = false
    const link = new Link(
      connection,
      {
        frame: (from, buffer, start, end) => {
          if (peer !== undefined) {
            peer.channel.frame(from, buffer, start, end)
            return
          }
          if (greeted) throw failure('handshake', 'ERR_PROTOCOL', 'a frame before the welcome')
          greeted = true
          const hello = helloIn(buffer, start, end)
          from.hold()
          void this.#greet(from, hello, (admitted) => {
            peer = admitted
            stopTimer()
            from.release()
          })
        },
        drain: () => peer?.channel.flow.onDrain(),
        closed: (from, reason) => {
          stopTimer()
          this.#greeting.delete(from)
          if (peer !== undefined) this.#lost(peer, from, reason)
          else if (reason !== undefined) this.#house.report(reason)
        },
      },
      settings.maxNames,
    )
    this.#greeting.add(link)
    const stopTimer = limitHandshake(link, settings.handshakeTimeoutMs)
    if (this.#closed) link.goodbye(closing())
    else if (head !== undefined) link.take(Buffer.from(head), head.length)
  }

  /** Decides who it is, and lets it in; or ends the connection. Never rejects. */
  async #greet(link: Link, hello: Hello, entered: (peer: ServerPeer<M>) => void): Promise<void> {
    try {
      const { authorize, token, codecs } = this.#house.settings
      const isSame = (): boolean => sameUser(link.duplex)
      await admit(hello, link.duplex, token, authorize === 'sameUser' ? isSame : authorize)
      const codec = codecFor(hello, codecs, isSame)
      if (link.closed) return
      if (this.#closed) throw closing()
      entered(this.#welcome(link, hello, codec))
    } catch (error) {
      link.fail(asError(error))
    }
  }

  #welcome(link: Link, hello: Hello, codec: Codec): ServerPeer<M> {
    const { settings, sessions } = this.#house
    const known = sessions.get(hello.session)
    if (known !== undefined && (known.channel.codec !== codec || known.name !== hello.name)) {
      throw failure('handshake', 'ERR_PROTOCOL', 'the session was begun with another name or codec')
    }
    if (known !== undefined) this.#takeOver(known)
    const peer = known ?? this.#newcomer(hello, codec)
    sessions.enter(peer)
    this.#greeting.delete(link)
    link.peerMaxFrame = hello.maxFrame
    link.decoder.limit = settings.maxFrame
    const { maxFrame, keepAliveMs, name } = settings
    const resumed = known !== undefined
    const { base, next } = peer.channel.sends
    sayFirst(link, FrameType.welcome, { resumed, base, next, maxFrame, keepAliveMs, name })
    peer.begin(link, hello.name, hello.keepAliveMs)
    this.#house.entered(peer, resumed)
    return peer
  }

  #newcomer(hello: Hello, codec: Codec): ServerPeer<M> {
    const peer = this.#house.newPeer(hello.session, codec)
    const { receipts } = peer.channel
    receipts.begin(hello)
    receipts.highest = Math.max(receipts.highest, this.#house.journal?.highest(hello.session) ?? 0)
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
    this.#house.sessions.disconnect(peer)
    peer.lose(reason)
    // Told before the session may be forgotten: the listener can still see the rooms.
    this.#house.left(peer, reason)
    // A client that said goodbye does not come back.
    this.#house.sessions.leave(peer, link.farewell !== undefined)
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#closed = true
    for (const link of this.#greeting) link.goodbye(closing())
  }
}

const helloIn = (buffer: Buffer, start: number, end: number): Hello => {
  const { type, body } = firstFrame(buffer, start, end)
  if (type !== FrameType.hello) throw unexpectedFirst(type, 'HELLO')
  return readHello(body)
}

/** What clients are told when the server closes. */
export const closing = (): Error => failure('close', 'ERR_CLOSED', 'the server is closing')

/** clientHandshake: the client's half of the handshake. */
import type { Duplex } from 'node:stream'
import type { Channel } from '../channel/channel.ts'
import { SocketError } from '@uds/winsock-ffi'
import { asError, fromWire, RemoteError } from '../errors/errors.ts'
import type { EndSettings } from '../end/options.ts'
import { FrameType } from '../wire/frame.ts'
import { KNOWN_OPTIONS, readWelcome, type Welcome } from '../wire/handshake-messages.ts'
import { Link, type ReadBuffer } from '../wire/link.ts'
import { firstFrame, limitHandshake, putFirst, unexpectedFirst } from '../wire/first-frame.ts'

/** What the handshake needs of its client. */
export interface ClientHandshakeContext {
  readonly settings: EndSettings
  readonly session: string
  readonly token: string | undefined
  readonly channel: Channel
  /** Aborts when the client stops trying. */
  readonly signal: AbortSignal
  /** The server has let this client in. */
  welcomed(link: Link, welcome: Welcome): void
  /** A connection that was welcomed is gone. */
  disconnected(link: Link, reason: Error | undefined): void
}

/**
 * The handshake: says hello, waits for the welcome, goes on with the session.
 *
 * @param hold - frames behind the welcome wait until {@link Link.release}: the caller that awaits the connection adds
 *   its listeners before
 */
export const clientHandshake = (
  guest: ClientHandshakeContext,
  duplex: Duplex,
  reading: ReadBuffer,
  hold: boolean,
): Promise<Link> =>
  new Promise((resolve, reject) => {
    const { settings, channel, session, token, signal } = guest
    let welcomed = false
    const link: Link = new Link(
      duplex,
      {
        frame: (from, buffer, start, end) => {
          const welcome = welcomeIn(from, buffer, start, end)
          if (welcome === undefined) return
          welcomed = true
          stopTimer()
          from.peerMaxFrame = welcome.maxFrame
          from.peerKnows = welcome.knows ?? []
          from.decoder.limit = settings.maxFrame
          guest.welcomed(from, welcome)
          if (hold) from.hold()
          resolve(from)
        },
        closed: (from, reason) => {
          stopTimer()
          signal.removeEventListener('abort', abort)
          if (welcomed) guest.disconnected(from, reason)
          else reject(notWelcomed(reason))
        },
      },
      settings.maxNames,
      reading,
    )
    const stopTimer = limitHandshake(link, settings.handshakeTimeoutMs)
    const abort = (): void => link.destroy(asError(signal.reason))
    signal.addEventListener('abort', abort, { once: true })
    const { maxFrame, keepAliveMs, name, require } = settings
    const { base, next } = channel.sends
    putFirst(link, FrameType.hello, {
      codec: channel.codec.name,
      session,
      base,
      next,
      maxFrame,
      keepAliveMs,
      name,
      token,
      received: channel.duplicates.highest,
      knows: KNOWN_OPTIONS,
      require,
    })
  })

/** Why a connection ended before the server let this client in: as the server said, or else as far as it can be known. */
const notWelcomed = (reason: Error | undefined): Error => {
  if (reason instanceof SocketError || reason instanceof RemoteError) return reason
  const { code } = (reason ?? {}) as { code?: unknown }
  return new SocketError({
    code: typeof code === 'string' && !code.startsWith('ERR_') ? code : 'ERR_DISCONNECTED',
    syscall: 'handshake',
    detail: 'the server closed the connection before it let this client in, and said no reason',
    advice:
      'it may have as many connections as it takes (its option maxConnections), or be no server of events',
    cause: reason,
  })
}

/** Reads the answer of the server; undefined when it is a refusal, whose reason the link then has. */
const welcomeIn = (link: Link, buffer: Buffer, start: number, end: number): Welcome | undefined => {
  const { type, body } = firstFrame(buffer, start, end)
  if (type === FrameType.welcome) return readWelcome(body)
  if (type !== FrameType.goodbye) throw unexpectedFirst(type, 'WELCOME')
  link.closeReason = new RemoteError(fromWire(JSON.parse(body.toString())))
  return undefined
}

/** Who may come in, who a session belongs to, and which codec a client may have. */
import type { Duplex } from 'node:stream'
import { type Address, peerCredentials, tcp, vsock, type Transport } from '@uds/stream'
import { loadBackend, type PeerCredentials, SocketError } from '@uds/winsock-ffi'
import { isSameUser, whyNobodyIsSameUser } from '@uds/winsock-ffi/internal'
import type { Codec } from '../codecs/codec.ts'
import { asError, failure } from '../errors/errors.ts'
import { digest, sameToken } from '../tokens/same-token.ts'
import type { Hello } from '../wire/handshake-messages.ts'

/** A client that asks to be let in: what it claims, and what the system reports. */
export interface ConnectingClient {
  /** The name that the client claims; nothing proves it. */
  readonly name: string | undefined
  readonly token: string | undefined
  /** The codec that it wants. */
  readonly codec: string
  /** The connection; do not read it. */
  readonly connection: Duplex
  /** The credentials of the other process, from the system. Throws `ENOTSUP` where it reports none. */
  credentials(): PeerCredentials
}

/**
 * Decides whether a client may stay. It may with exactly `true`, or a promise of it; everything else is a refusal. What
 * the function throws is a refusal too: the client hears `ERR_UNAUTHORIZED` and no more, the server's `error` has it all.
 */
export type Authorizer = (client: ConnectingClient) => boolean | Promise<boolean>

/** True when the process at the other end belongs to the user of this one; false also where the system reports none. */
export const sameUser = (connection: Duplex): boolean => {
  try {
    return isSameUser(peerCredentials(connection))
  } catch {
    return false
  }
}

const refused = (): Error => failure('authorize', 'ERR_UNAUTHORIZED', 'the server refused this client')

/**
 * Lets a client in, or throws `ERR_UNAUTHORIZED`.
 *
 * @param report - receives what `authorize` threw, which the client does not hear
 */
export const admit = async (
  hello: Hello,
  connection: Duplex,
  token: string | undefined,
  authorize: 'sameUser' | Authorizer | undefined,
  report: (error: Error) => void,
): Promise<void> => {
  if (token !== undefined && !sameToken(token, hello.token)) throw refused()
  if (authorize === undefined) return
  const { name, token: given, codec } = hello
  const credentials = (): PeerCredentials => peerCredentials(connection)
  let answer: unknown
  try {
    answer =
      authorize === 'sameUser'
        ? isSameUser(credentials())
        : await authorize({ name, token: given, codec, connection, credentials })
  } catch (error) {
    report(asError(error))
  }
  if (answer !== true) throw refused()
}

const notSupported = (detail: string, advice: string, cause?: unknown): SocketError =>
  new SocketError({ code: 'ENOTSUP', syscall: 'listen', detail, advice, cause })

/**
 * Checks that `authorize: 'sameUser'` can be answered: it would refuse every client otherwise.
 *
 * @throws SocketError `ENOTSUP`
 */
export const requireCredentials = (at: string | Address, transport: Transport | undefined): void => {
  const nobody = whyNobodyIsSameUser()
  if (nobody !== undefined) {
    throw notSupported(
      `authorize 'sameUser' would refuse every client: ${nobody}`,
      'run as a user that the namespace maps, or pass a function that decides',
    )
  }
  const scheme = typeof at === 'object' ? at.scheme : undefined
  const { capabilities } = transport ?? (scheme === 'tcp' ? tcp : scheme === 'vsock' ? vsock : {})
  if (capabilities?.credentials === false) {
    throw notSupported(
      "the system has no credentials of the clients of such connections, so authorize 'sameUser' has nothing to decide by",
      'use unix: or name:, or the option token',
    )
  }
  // Connections in memory, and those of other transports, have their own credentials.
  if (transport !== undefined || scheme === 'memory') return
  try {
    loadBackend()
  } catch (cause) {
    throw notSupported(
      `authorize 'sameUser' has to ask the system who a client is: ${asError(cause).message}`,
      'install koffi, or use the option token',
      cause,
    )
  }
}

/** Who a session belongs to: only the same may resume it. */
export interface SessionOwner {
  /** The user (uid or SID, where the system reports it) and the digest of the token, where there is one. */
  readonly id: string
  /** The process that began it, where the system reports it. */
  readonly pid: number | undefined
}

const proofOf = (token: string | undefined): string =>
  token === undefined ? '' : ` token ${digest(token).toString('base64url')}`

/** The owner of the session that a client begins, or of the one that it may resume. */
export const ownerOf = (connection: Duplex, { token }: Hello, known: KnownUser): SessionOwner => {
  const proof = proofOf(token)
  if (known !== undefined) return { id: `user ${known}${proof}`, pid: undefined }
  try {
    const { uid, sid, pid } = peerCredentials(connection)
    return { id: `user ${uid ?? sid ?? 'unknown'}${proof}`, pid }
  } catch {
    return { id: `user unknown${proof}`, pid: undefined }
  }
}

/** The user of every client of an address, where that is known without the system, so that koffi is not loaded for it. */
export type KnownUser = 'own' | 'unknown' | undefined

/** At a name only this user can connect; of a TCP or vsock connection no system knows the user. */
export const knownUserAt = (at: string | Address, transport: Transport | undefined): KnownUser => {
  if (transport !== undefined || typeof at === 'string') return undefined
  if (at.scheme === 'name') return 'own'
  return at.scheme === 'tcp' || at.scheme === 'vsock' ? 'unknown' : undefined
}

/** The codec that a client asks for, if it is offered to it. */
export const codecFor = (hello: Hello, codecs: readonly Codec[], isThisUser: () => boolean): Codec => {
  const codec = codecs.find(({ name }) => name === hello.codec)
  if (codec === undefined) {
    const offered = codecs.map(({ name }) => name).join(', ')
    throw failure(
      'handshake',
      'ERR_UNSUPPORTED_CODEC',
      `the codec '${hello.codec}' is not offered; ${offered} are`,
    )
  }
  if (codec.kind === 'binary' && codec.sameUserOnly === true && !isThisUser()) {
    throw failure(
      'handshake',
      'ERR_UNSUPPORTED_CODEC',
      `the codec '${codec.name}' is only for processes of the same user`,
    )
  }
  return codec
}

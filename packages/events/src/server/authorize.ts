import type * as Crypto from 'node:crypto'
import type { Duplex } from 'node:stream'
import { peerCredentials } from '@uds/stream'
import type { PeerCredentials } from '@uds/winsock-ffi'
import { isSameUser } from '@uds/winsock-ffi/internal'
import type { Codec } from '../codecs/codec.ts'
import { failure } from '../errors.ts'
import type { Hello } from '../wire/handshake-messages.ts'

/** Who wants in: what the client says, and what the system says. */
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

/** Decides whether a client may stay: true, or a promise of it. Anything else, and what it throws, is a refusal. */
export type Authorizer = (client: ConnectingClient) => boolean | Promise<boolean>

const crypto = (): typeof Crypto => process.getBuiltinModule('node:crypto')

const digest = (text: string): Buffer => crypto().createHash('sha256').update(text).digest()

/** Compares in a time that does not depend on how much is right. */
const sameToken = (wanted: string, got: string | undefined): boolean =>
  crypto().timingSafeEqual(digest(wanted), digest(got ?? '')) && got !== undefined

/** True when the process at the other end belongs to the user of this one; false also where the system reports none. */
export const sameUser = (connection: Duplex): boolean => {
  try {
    return isSameUser(peerCredentials(connection))
  } catch {
    return false
  }
}

const refused = (): Error => failure('authorize', 'ERR_UNAUTHORIZED', 'the server refused this client')

/** Lets a client in, or throws. */
export const admit = async (
  hello: Hello,
  connection: Duplex,
  token: string | undefined,
  authorize: Authorizer | undefined,
): Promise<void> => {
  if (token !== undefined && !sameToken(token, hello.token)) throw refused()
  if (authorize === undefined) return
  const { name, token: given, codec } = hello
  const credentials = (): PeerCredentials => peerCredentials(connection)
  if (!(await authorize({ name, token: given, codec, connection, credentials }))) throw refused()
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

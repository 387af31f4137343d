/** ClientTokens: what other machines hear of a client of this one: a hash of its session, and its name. */
import { createHash } from 'node:crypto'
import type { RemoteClient } from '@uds/events'
import { LONGEST_CLIENT } from './subject-space.ts'
import { escapeToken, unescapeToken } from './token.ts'

/** Characters of the hash: 96 bits. */
const HASH = 16
/** Clients whose sessions are remembered for answers. */
const MOST_KNOWN = 100_000

/** The least that this package needs of a client. */
export interface LocalClient {
  /** Its session: a secret, which does not leave the machine. */
  readonly id: string
  readonly name: string | undefined
}

/** The hash of a session, which stands for it elsewhere. */
export const hashOf = (session: string): string =>
  createHash('sha256').update(session).digest('base64url').slice(0, HASH)

export class ClientTokens {
  readonly #tokens = new WeakMap<object, string>()
  readonly #sessions = new Map<string, string>()

  /** One token of a subject: the hash, and the name where it is short. */
  tokenOf(client: LocalClient): string {
    const known = this.#tokens.get(client)
    if (known !== undefined) return known
    const hash = hashOf(client.id)
    const name = client.name === undefined ? '' : escapeToken(client.name)
    const token = hash + (name.length <= LONGEST_CLIENT - HASH ? name : '')
    this.#tokens.set(client, token)
    this.#sessions.set(hash, client.id)
    if (this.#sessions.size > MOST_KNOWN) {
      for (const oldest of this.#sessions.keys()) {
        this.#sessions.delete(oldest)
        break
      }
    }
    return token
  }

  /** The session of a client of this machine that another machine has met. */
  sessionOf(hash: string): string | undefined {
    return this.#sessions.get(hash)
  }
}

/** The client that a token of another machine stands for; undefined for a token that no bridge writes. */
export const readClient = (machine: string, token: string): RemoteClient | undefined => {
  const from = unescapeToken(machine)
  if (from === undefined || token.length < HASH) return undefined
  const name = token.length === HASH ? undefined : unescapeToken(token.slice(HASH))
  return { id: `${machine}/${token.slice(0, HASH)}`, machine: from, name }
}

/** Where a client is, for what is said to it: its machine and its hash, as tokens. */
export const placeOf = ({ id }: RemoteClient): readonly [machine: string, hash: string] => {
  const [machine = '', hash = ''] = id.split('/')
  return [machine, hash]
}

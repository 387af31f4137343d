/** DeadLetters: messages that failed for the last time, in a store of their own. */
import { headers as newHeaders, type MsgHdrs } from '@nats-io/transport-node'
import type { Stores } from '../stores/stores.ts'
import type { SubjectSpace } from '../subjects/subject-space.ts'
import { escapeToken } from '../subjects/token.ts'
import { wireError } from '../requests/wire-error.ts'
import { ERROR_HEADER } from '../requests/headers.ts'

/** A message that failed for the last time. */
export interface DeadLetter {
  /** Of a message that a client sent, or of a work queue. */
  readonly kind: 'send' | 'work'
  readonly name: string
  /** The same at every attempt. */
  readonly id: string
  readonly data: unknown
  readonly attempts: number
  /** What the last attempt failed with. */
  readonly error: Error
}

export class DeadLetters {
  readonly #stores: Stores
  readonly #space: SubjectSpace
  readonly #report: (letter: DeadLetter) => void

  /** @param report - called when one is stored */
  constructor(stores: Stores, space: SubjectSpace, report: (letter: DeadLetter) => void) {
    this.#stores = stores
    this.#space = space
    this.#report = report
  }

  /** Stores one, once for its id; rejects when it is not stored, and the message has to come again. */
  async bury(letter: DeadLetter, payload: Uint8Array, headers: MsgHdrs | undefined): Promise<void> {
    const { client } = await this.#stores.get('dead')
    const all = newHeaders()
    for (const [name, values] of headers ?? []) {
      // The headers of the first store would be taken for wishes about this one.
      if (!name.startsWith('Nats-')) for (const value of values) all.append(name, value)
    }
    all.set(ERROR_HEADER, JSON.stringify(wireError(letter.error)))
    const msgID = `${letter.kind}:${letter.id}`
    await client.publish(this.#space.of('d', escapeToken(letter.name)), payload, { msgID, headers: all })
    this.#report(letter)
  }
}

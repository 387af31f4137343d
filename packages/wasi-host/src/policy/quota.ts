/** Quotas, Quota: how much a guest may use. */
import { outOfRange } from '@uds/winsock-ffi'
import { Failure } from '../outcome/failure.ts'

/** What a guest may use up. */
export interface Quotas {
  /** Sockets that are open at a time, accepted connections included. @default 256 */
  readonly sockets?: number | undefined
  /** Bytes sent and received in all. @default no limit */
  readonly bytes?: number | undefined
  /** Milliseconds that the guest may run, waits included, before it is stopped. @default no limit */
  readonly timeMs?: number | undefined
}

const SOCKETS = 256

export const checkQuotas = (quotas: Quotas): void => {
  for (const name of ['sockets', 'bytes', 'timeMs'] as const) {
    const value = quotas[name]
    if (value !== undefined && !(typeof value === 'number' && value >= 0)) {
      throw outOfRange('sockets.quotas', name, 'a number, 0 or more', value)
    }
  }
}

/** Counts what a guest uses. */
export class Quota {
  readonly #sockets: number
  readonly #bytes: number
  #open = 0
  #moved = 0

  constructor({ sockets = SOCKETS, bytes = Infinity }: Quotas) {
    this.#sockets = sockets
    this.#bytes = bytes
  }

  /** Counts a socket that is opened. */
  openSocket(): void {
    if (this.#open >= this.#sockets) {
      throw new Failure(
        'EMFILE',
        `the guest has ${this.#open} sockets open, and sockets.quotas.sockets allows no more`,
      )
    }
    this.#open += 1
  }

  closeSocket(): void {
    this.#open -= 1
  }

  /** How many of so many bytes may still be sent or received; none at all fails. */
  available(bytes: number): number {
    const left = this.#bytes - this.#moved
    if (left <= 0 && bytes > 0) throw this.#usedUp()
    return Math.min(bytes, left)
  }

  /** Fails unless all of so many bytes may still be sent: a datagram goes as a whole or not at all. */
  whole(bytes: number): void {
    if (this.#moved + bytes > this.#bytes) throw this.#usedUp()
  }

  #usedUp(): Failure {
    return new Failure(
      'ENOBUFS',
      `the guest has moved ${this.#moved} bytes, and sockets.quotas.bytes allows ${this.#bytes} in all`,
    )
  }

  moved(bytes: number): void {
    this.#moved += bytes
  }
}

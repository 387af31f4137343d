/** Pings: round trips that a caller asked for. */
import { quietly } from '../errors/errors.ts'
import { FrameType } from '../wire/frame.ts'
import { type Link, lost } from '../wire/link.ts'

interface Waiting {
  readonly resolve: (ms: number) => void
  readonly reject: (reason: Error) => void
  readonly since: number
}

/** Signs of life that this end asks the other for. */
export class Pings {
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  /** Milliseconds to the other end and back; rejects without a connection, and when it is lost. */
  ping(link: Link | undefined): Promise<number> {
    if (link === undefined) return quietly(Promise.reject(lost()))
    const id = ++this.#last
    return quietly(
      new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject, since: performance.now() })
        link.outbox.putUnheld(FrameType.ping, id, undefined)
      }),
    )
  }

  answered(id: number): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.resolve(performance.now() - waiting.since)
  }

  /** The connection is gone. */
  disconnect(reason: Error): void {
    for (const { reject } of this.#waiting.values()) reject(reason)
    this.#waiting.clear()
  }
}

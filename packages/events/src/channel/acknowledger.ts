/** Acknowledger: sends acknowledgements, gathered. */
import { type WireError } from '../errors/errors.ts'
import { FrameType, u32 } from '../wire/frame.ts'
import type { FlowControl } from './flow-control.ts'

/** Sends acknowledgements; those of consecutive numbers are gathered into one frame. */
export class Acknowledger {
  readonly #flow: FlowControl
  #from = 0
  #count = 0

  constructor(flow: FlowControl) {
    this.#flow = flow
  }

  /** The message is done. */
  done(seq: number): void {
    const link = this.#flow.link
    if (link === undefined) return
    if (this.#count > 0 && seq === this.#from + this.#count) {
      this.#count++
      return
    }
    this.flush()
    this.#from = seq
    this.#count = 1
    link.outbox.schedule()
  }

  /** The message was refused, or its handling failed. */
  refused(seq: number, error: WireError): void {
    this.#flow.link?.outbox.putUnheld(FrameType.nack, seq, JSON.stringify(error))
  }

  /** The message comes again after so many milliseconds. */
  deferred(seq: number, retryAfterMs: number): void {
    this.#flow.link?.outbox.putUnheld(FrameType.defer, seq, u32(retryAfterMs))
  }

  /** Sends what was gathered. */
  flush(): void {
    if (this.#count === 0) return
    const count = u32(this.#count)
    this.#count = 0
    this.#flow.link?.outbox.putUnheld(FrameType.ack, this.#from, count)
  }

  /** The connection is gone, and the sender will ask again over the next. */
  forget(): void {
    this.#count = 0
  }
}

/** Deliveries: messages that are acknowledged, sent and received, over one connection after the other. */
import { asError, RemoteError, toWire, type WireError } from '../errors/remote-error.ts'
import { Flag, FrameType } from '../wire/frame-types.ts'
import { EventsError, errorIn } from './errors.ts'
import { countIn, type Payload, type ReadFrame, textOf } from './frames.ts'
import type { Encoded, Wire } from './wire.ts'

interface Kept {
  readonly name: string
  readonly flags: number
  readonly payload: Payload
  readonly size: number
  written: boolean
  resolve(): void
  reject(reason: Error): void
}

/** How many refusals are remembered, for a sender that did not get them: PROTOCOL.md D2. */
const FAILURES = 1024
const LONGEST_TIMER = 2 ** 31 - 1

/** The half of a session that is kept beyond a connection: PROTOCOL.md, "Delivery". */
export class Deliveries {
  readonly #wire: Wire
  readonly #limitBytes: number
  readonly #kept = new Map<number, Kept>()
  readonly #put = new Map<number, ReturnType<typeof setTimeout>>()
  #next = 1
  #bytes = 0
  #highest = 0
  #freshFrom = 1
  readonly #open = new Set<number>()
  readonly #deferred = new Set<number>()
  readonly #failures = new Map<number, WireError>()
  #ackFrom = 0
  #ackCount = 0

  constructor(wire: Wire, limitBytes: number) {
    this.#wire = wire
    this.#limitBytes = limitBytes
  }

  /** How many messages are not acknowledged. */
  get size(): number {
    return this.#kept.size
  }

  /** What HELLO says of this end's numbers. */
  get numbers(): { readonly base: number; readonly next: number; readonly received: number } {
    const [base = this.#next] = this.#kept.keys()
    return { base, next: this.#next, received: this.#highest }
  }

  /** The other end has forgotten the session, or begins it: PROTOCOL.md D7. */
  begin({ base, next }: { readonly base: number; readonly next: number }): void {
    this.#highest = base - 1
    this.#freshFrom = next
    this.#failures.clear()
    this.#deferred.clear()
  }

  send(name: string, { flags, payload, size }: Encoded): Promise<void> {
    if (this.#bytes + size > this.#limitBytes)
      return Promise.reject(
        new EventsError('ERR_QUEUE_FULL', `${this.#kept.size} messages wait for their acknowledgement`),
      )
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const seq = this.#next
    const kept: Kept = { name, flags, payload, size, written: false, resolve, reject }
    try {
      this.#wire.later(size, () => this.#write(seq, kept, 0))
    } catch (error) {
      return Promise.reject(asError(error))
    }
    this.#next++
    this.#bytes += size
    this.#kept.set(seq, kept)
    if (this.#wire.connected) this.#write(seq, kept, 0)
    return promise
  }

  #write(seq: number, kept: Kept, flag: number): void {
    if (this.#kept.get(seq) !== kept || (kept.written && flag === 0)) return
    kept.written = true
    this.#wire.put(FrameType.send, kept.flags | flag, kept.name, seq, kept.payload)
  }

  /** Sends again what was written before: PROTOCOL.md D5. */
  repeat(): void {
    for (const timer of this.#put.values()) clearTimeout(timer)
    this.#put.clear()
    for (const [seq, kept] of this.#kept) if (kept.written) this.#write(seq, kept, Flag.redelivered)
  }

  /** ACK, NACK or DEFER came. */
  answered(frame: ReadFrame): void {
    if (frame.type === FrameType.ack) {
      const count = Math.min(countIn(frame), this.#next - frame.id)
      for (let seq = frame.id; seq < frame.id + count; seq++) this.#settle(seq, undefined)
    } else if (frame.type === FrameType.nack) {
      this.#settle(frame.id, new RemoteError(errorIn(textOf(frame.body, frame.flags, 'ERR_PROTOCOL'))))
    } else {
      const kept = this.#kept.get(frame.id)
      if (kept === undefined) return
      const again = (): void => {
        this.#put.delete(frame.id)
        if (this.#wire.connected) this.#write(frame.id, kept, Flag.redelivered)
      }
      this.#put.set(frame.id, setTimeout(again, Math.min(countIn(frame), LONGEST_TIMER)))
    }
  }

  #settle(seq: number, reason: Error | undefined): void {
    const kept = this.#kept.get(seq)
    if (kept === undefined) return
    this.#kept.delete(seq)
    this.#bytes -= kept.size
    if (reason === undefined) kept.resolve()
    else kept.reject(reason)
  }

  /** Takes a SEND; `deliver` calls its listeners. */
  receive(seq: number, flags: number, deliver: (redelivered: boolean) => Promise<unknown> | undefined): void {
    const again = this.#deferred.delete(seq)
    if (!again && seq <= this.#highest) {
      const failure = this.#failures.get(seq)
      if (failure !== undefined) this.#wire.put(FrameType.nack, 0, '', seq, JSON.stringify(failure))
      else if (!this.#open.has(seq)) this.#acknowledge(seq)
      return
    }
    this.#highest = Math.max(this.#highest, seq)
    const redelivered = again || ((flags & Flag.redelivered) !== 0 && seq < this.#freshFrom)
    try {
      const result = deliver(redelivered)
      if (result === undefined) {
        this.#acknowledge(seq)
        return
      }
      this.#open.add(seq)
      void this.#finish(seq, result)
    } catch (error) {
      this.#refuse(seq, error)
    }
  }

  /** Never rejects. */
  async #finish(seq: number, result: Promise<unknown>): Promise<void> {
    try {
      await result
    } catch (error) {
      this.#refuse(seq, error)
      return
    }
    this.#open.delete(seq)
    this.#acknowledge(seq)
  }

  #acknowledge(seq: number): void {
    if (this.#ackCount > 0 && seq === this.#ackFrom + this.#ackCount) {
      this.#ackCount++
      return
    }
    this.flush()
    this.#ackFrom = seq
    this.#ackCount = 1
    // Makes the client write at the end of this turn.
    this.#wire.put(0, 0, '', -1)
  }

  /** Writes the acknowledgements that were gathered. */
  flush(): void {
    if (this.#ackCount === 0) return
    const count = this.#ackCount
    this.#ackCount = 0
    this.#wire.put(FrameType.ack, 0, '', this.#ackFrom, count)
  }

  #refuse(seq: number, error: unknown): void {
    this.#open.delete(seq)
    const { retryAfterMs } = (error ?? {}) as { retryAfterMs?: unknown }
    if (typeof retryAfterMs === 'number' && this.#wire.knows('defer')) {
      this.#deferred.add(seq)
      this.#wire.put(FrameType.defer, 0, '', seq, retryAfterMs)
      return
    }
    const told = toWire(error)
    this.#failures.set(seq, told)
    if (this.#failures.size > FAILURES) this.#failures.delete(this.#failures.keys().next().value as number)
    this.#wire.put(FrameType.nack, 0, '', seq, JSON.stringify(told))
    this.#wire.report(error)
  }

  /** The connection is gone. */
  detach(): void {
    this.#ackCount = 0
  }

  close(reason: Error): void {
    for (const timer of this.#put.values()) clearTimeout(timer)
    for (const seq of this.#kept.keys()) this.#settle(seq, reason)
  }
}

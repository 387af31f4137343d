/** SendWindow: the messages that are sent and not acknowledged. */
import { quietly } from '../errors/errors.ts'
import type { Slab } from '../wire/outbox.ts'

/** A message that was sent, or is about to be, and is not acknowledged yet. */
export interface Unacknowledged {
  readonly seq: number
  /** Where its frame is kept. */
  readonly slab: Slab
  readonly at: number
  readonly end: number
  /** The payload, where it is kept by itself. */
  readonly own: Uint8Array | undefined
  /** It was written to a connection, so it may have been handled. */
  written: boolean
  done: boolean
  /** What the caller awaits, if it does. */
  promise: Promise<void> | undefined
  readonly resolve: () => void
  readonly reject: (reason: Error) => void
}

/** What this end has sent and not got acknowledged, in order. */
export class SendWindow {
  /** The number of the next message. */
  next = 1
  readonly #limit: number
  readonly #limitBytes: number
  #list: Unacknowledged[] = []
  #head = 0
  #open = 0
  #bytes = 0

  constructor(limit: number, limitBytes: number) {
    this.#limit = limit
    this.#limitBytes = limitBytes
  }

  /** How many are not acknowledged. */
  get size(): number {
    return this.#open
  }

  get full(): boolean {
    return this.#open >= this.#limit || this.#bytes >= this.#limitBytes
  }

  /** The oldest number that is not acknowledged; neither end has to remember earlier ones. */
  get base(): number {
    return this.#list[this.#head]?.seq ?? this.next
  }

  add(entry: Unacknowledged): void {
    this.next = entry.seq + 1
    this.#list.push(entry)
    this.#open++
    this.#bytes += entry.end - entry.at + (entry.own?.length ?? 0)
  }

  /** Settles messages; those that are unknown, or settled before, are passed over. */
  settle(from: number, count: number, reason: Error | undefined): void {
    const end = Math.min(from + count, this.next)
    let index = this.#indexOf(from)
    while (index < this.#list.length) {
      const entry = this.#list[index++] as Unacknowledged
      if (entry.seq >= end) break
      this.#finish(entry, reason)
    }
    this.#trim()
  }

  #finish(entry: Unacknowledged, reason: Error | undefined): void {
    if (entry.done) return
    entry.done = true
    entry.slab.pins--
    this.#open--
    this.#bytes -= entry.end - entry.at + (entry.own?.length ?? 0)
    if (reason === undefined) entry.resolve()
    else {
      if (entry.promise !== undefined) void quietly(entry.promise)
      entry.reject(reason)
    }
  }

  /** The message of this number, while it is not settled. */
  find(seq: number): Unacknowledged | undefined {
    const entry = this.#list[this.#indexOf(seq)]
    return entry?.seq === seq && !entry.done ? entry : undefined
  }

  /** The index of the first message from this number on: numbers are consecutive, but for a journal's first ones. */
  #indexOf(seq: number): number {
    const first = this.#list[this.#head]
    if (first === undefined) return this.#list.length
    let index = Math.max(this.#head, Math.min(this.#head + seq - first.seq, this.#list.length))
    while (index > this.#head && (this.#list[index - 1] as Unacknowledged).seq >= seq) index--
    while (index < this.#list.length && (this.#list[index] as Unacknowledged).seq < seq) index++
    return index
  }

  #trim(): void {
    while (this.#head < this.#list.length && (this.#list[this.#head] as Unacknowledged).done) this.#head++
    if (this.#head === this.#list.length) {
      this.#list = []
      this.#head = 0
    } else if (this.#head > 4096 && this.#head * 2 > this.#list.length) {
      this.#list = this.#list.slice(this.#head)
      this.#head = 0
    }
  }

  /** Everything that is not acknowledged, oldest first. */
  open(): Unacknowledged[] {
    return this.#list.slice(this.#head).filter(({ done }) => !done)
  }

  /** Rejects everything. */
  clear(reason: Error): void {
    for (const entry of this.open()) this.#finish(entry, reason)
    this.#trim()
  }
}

/** Marks the kept frame as one that may have been handled before. */
export const markRedelivered = (entry: Unacknowledged, flag: number): void => {
  const at = entry.at + 5
  entry.slab.buffer[at] = (entry.slab.buffer[at] as number) | flag
}

/** The id of the name in an encoded frame. */
export const nameIdOf = (frame: Uint8Array): number => (frame[6] as number) | ((frame[7] as number) << 8)

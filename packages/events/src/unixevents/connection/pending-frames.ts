import type { Done } from './outbox.ts'

/** A frame, and who is told what became of it. */
export interface Held {
  readonly frame: string
  readonly done: Done | undefined
}

/** Frames for a peer that is still to come: in order, and bounded. */
export class Hold {
  readonly #maxBytes: number
  #waiting: Held[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#waiting.length
  }

  /** False when the bound is reached. */
  add(frame: string, done?: Done): boolean {
    const bytes = Buffer.byteLength(frame)
    if (this.#bytes + bytes > this.#maxBytes) return false
    this.#waiting.push({ frame, done })
    this.#bytes += bytes
    return true
  }

  /** Takes what was accepted before, whatever the bound. */
  restore(held: readonly Held[]): void {
    this.#waiting = this.#waiting.concat(held)
    for (const { frame } of held) this.#bytes += Buffer.byteLength(frame)
  }

  /** Gives everything to `send`, in order, and is empty then. */
  release(send: (frame: string, done: Done | undefined) => void): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    for (const { frame, done } of waiting) send(frame, done)
  }
}

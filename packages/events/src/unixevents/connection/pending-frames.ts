/** PendingFrames: what waits for a peer that is not connected. */

// Frames that were accepted and not written yet: PendingFrames.

/** Called once: without an error when the system has taken the frame. */
export type SendDone = (error?: Error) => void

/** A frame, and the callback for its result. */
export interface PendingFrame {
  readonly frame: string
  readonly done: SendDone | undefined
}

/** Frames for a peer that is not connected yet: in order, and bounded. */
export class PendingFrames {
  readonly #maxBytes: number
  #waiting: PendingFrame[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#waiting.length
  }

  /** False when the bound is reached. */
  add(frame: string, done?: SendDone): boolean {
    const bytes = Buffer.byteLength(frame)
    if (this.#bytes + bytes > this.#maxBytes) return false
    this.#waiting.push({ frame, done })
    this.#bytes += bytes
    return true
  }

  /** Adds frames that were accepted before, whatever the bound. */
  addAll(held: readonly PendingFrame[]): void {
    this.#waiting = this.#waiting.concat(held)
    for (const { frame } of held) this.#bytes += Buffer.byteLength(frame)
  }

  /** Calls `send` for everything, in order, and is empty then. */
  release(send: (frame: string, done: SendDone | undefined) => void): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    for (const { frame, done } of waiting) send(frame, done)
  }
}

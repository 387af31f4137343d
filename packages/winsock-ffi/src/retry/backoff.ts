/** The pauses between attempts. */

export interface BackoffSettings {
  /** Milliseconds of the first pause. */
  readonly initialMs: number
  /** Milliseconds of the longest. */
  readonly maxMs: number
  /**
   * What each pause is multiplied by for the next.
   *
   * @default 2
   */
  readonly factor?: number
  /**
   * The part of each pause that is left to chance, 0 to 1, so that many clients do not come at once.
   *
   * @default 0.5
   */
  readonly jitter?: number
}

/** Pauses of a caller that waits for a server to start: short at first, as most have started a moment before. */
export const CONNECT_PAUSES: BackoffSettings = { initialMs: 5, maxMs: 200 }

/** Pauses of a sender whose receiver is full: poll(2) reports room for a connected socket only, not for an address. */
export const FULL_RECEIVER_PAUSES: BackoffSettings = { initialMs: 1, maxMs: 32, jitter: 0 }

/** Pauses that each are longer than the one before, and not quite predictable. */
export class Backoff {
  readonly #settings: Required<BackoffSettings>
  #next: number

  constructor(settings: BackoffSettings) {
    this.#settings = { factor: 2, jitter: 0.5, ...settings }
    this.#next = settings.initialMs
  }

  /** Milliseconds to wait now. */
  next(random: () => number = Math.random): number {
    const { maxMs, factor, jitter } = this.#settings
    const pause = Math.min(this.#next, maxMs)
    this.#next = Math.min(pause * factor, maxMs)
    return pause * (1 - jitter * random())
  }

  /** Begins with the first pause again. */
  reset(): void {
    this.#next = this.#settings.initialMs
  }
}

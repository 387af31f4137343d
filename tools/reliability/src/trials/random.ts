/** Chance from a seed: mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */

export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 on, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  of<T>(things: readonly T[]): T {
    const found = things[this.between(0, things.length - 1)]
    if (found === undefined) throw new RangeError('there is nothing to choose from')
    return found
  }

  bytes(length: number): Buffer {
    const made = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at += 1) made[at] = this.between(0, 255)
    return made
  }
}

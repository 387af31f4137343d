/**
 * How many guests can be suspended in one process. The engine maps a stack for each, and Linux allows a process so many
 * mappings (vm.max_map_count, 65530 mostly); a process that needs one more is ended by the engine, without an error.
 */
import { readFileSync } from 'node:fs'

/** The memory mappings of this process, and how many it may have. */
export interface Mappings {
  readonly used: number
  readonly limit: number
}

interface Bounds {
  /** No process comes near the limit with fewer guests, so nothing is asked of the system before. */
  readonly firstLook: number
  /** Guests between two looks: a look reads a line for each mapping. */
  readonly step: number
  /** Mappings that stay free: for the next guests up to the next look, their memories, and all else of the process. */
  readonly reserve: number
}

const bounds: Bounds = { firstLook: 1024, step: 256, reserve: 8192 }

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // Not Linux: there no limit is known.
    return undefined
  }
}

const lines = (text: string): number => {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

/** As the system has it. */
export const mappingsOfProcess = (): Mappings => {
  const limit = Number(read('/proc/sys/vm/max_map_count') ?? Infinity)
  return { limit, used: limit === Infinity ? 0 : lines(read('/proc/self/maps') ?? '') }
}

/** Counts the calls of guests that may be suspended, and refuses one for which no stack may be left. */
export class SuspensionLimit {
  readonly #mappings: () => Mappings
  readonly #bounds: Bounds
  #suspended = 0
  #nextLook: number

  constructor(mappings: () => Mappings = mappingsOfProcess, limits: Bounds = bounds) {
    this.#mappings = mappings
    this.#bounds = limits
    this.#nextLook = limits.firstLook
  }

  #look(): void {
    const { step, reserve } = this.#bounds
    this.#nextLook = this.#suspended + step
    const { used, limit } = this.#mappings()
    if (used + reserve <= limit) return
    this.#nextLook = this.#suspended
    const message = `${this.#suspended} guests are suspended, and this process has ${used} of the ${limit} memory mappings that the system allows it: run more of them in another process, or raise vm.max_map_count`
    throw Object.assign(new Error(message), { code: 'ENOMEM' })
  }

  /**
   * Counts a call of a guest that may be suspended.
   *
   * @returns Ends the count.
   * @throws Error `ENOMEM` when no further stack can be mapped safely.
   */
  count(): () => void {
    if (this.#suspended >= this.#nextLook) this.#look()
    this.#suspended += 1
    return () => {
      this.#suspended -= 1
      const { firstLook, step } = this.#bounds
      if (this.#nextLook - this.#suspended > 2 * step)
        this.#nextLook = Math.max(firstLook, this.#suspended + step)
    }
  }
}

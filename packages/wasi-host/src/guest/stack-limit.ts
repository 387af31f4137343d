/**
 * How many guests can be suspended in one process. The engine maps a stack for each, and Linux allows a process so many
 * mappings (vm.max_map_count, 65530 mostly); a process that needs one more is ended by the engine, without an error.
 */
import { readFileSync } from 'node:fs'

/** No process comes near the limit with fewer guests, so nothing is asked of the system before. */
const FIRST_LOOK = 1024
/** Guests between two looks: a look reads a line for each mapping. */
const STEP = 256
/** Mappings that stay free: for the next guests up to the next look, their memories, and all else of the process. */
const RESERVE = 8192

let suspended = 0
let nextLook = FIRST_LOOK

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

/** @throws Error `ENOMEM` when the process is near its limit. */
const look = (): void => {
  nextLook = suspended + STEP
  const limit = Number(read('/proc/sys/vm/max_map_count') ?? Infinity)
  const used = limit === Infinity ? 0 : lines(read('/proc/self/maps') ?? '')
  if (used + RESERVE <= limit) return
  nextLook = suspended
  const message = `${suspended} guests are suspended, and this process has ${used} of the ${limit} memory mappings that the system allows it: run more of them in another process, or raise vm.max_map_count`
  throw Object.assign(new Error(message), { code: 'ENOMEM' })
}

/**
 * Counts a call of a guest that may be suspended.
 *
 * @returns Ends the count.
 * @throws Error `ENOMEM` when no further stack can be mapped safely.
 */
export const countSuspended = (): (() => void) => {
  if (suspended >= nextLook) look()
  suspended += 1
  return () => {
    suspended -= 1
    if (nextLook - suspended > 2 * STEP) nextLook = Math.max(FIRST_LOOK, suspended + STEP)
  }
}

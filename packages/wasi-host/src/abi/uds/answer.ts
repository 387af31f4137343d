/** Answers whose length the guest does not know beforehand: `(pointer, cap, *length)`. */
import type { GuestMemory } from '../../memory/guest-memory.ts'

/** Checks, before the call is made, where an answer will go. */
export const checkAnswer = (memory: GuestMemory, pointer: number, cap: number, length: number): void => {
  if (cap >>> 0 > 0) memory.check(pointer, cap >>> 0)
  if (length !== 0 || cap !== 0) memory.check(length, 4)
}

/** Writes as much of it as there is room for, and how long it is. */
export const answer = (
  memory: GuestMemory,
  bytes: Uint8Array,
  pointer: number,
  cap: number,
  length: number,
): void => {
  memory.write(pointer, bytes.subarray(0, Math.min(bytes.length, cap >>> 0)))
  if (length !== 0 || cap !== 0) memory.setU32(length, bytes.length)
}

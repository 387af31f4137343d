/**
 * Descriptors that a system call of this package has opened: Node knows nothing of them, so they are closed by a call as
 * well. What a thread has open that can be ended at any moment lies in memory that the thread which started it sees, and
 * closes then.
 */
import { linux } from '../libraries/linux.ts'

/** Descriptors above are not kept, nor used: a bit for each. */
const MOST = 65_536

/** Memory for the descriptors of a thread. */
export const memoryForOpened = (): SharedArrayBuffer => new SharedArrayBuffer(MOST / 8)

let kept: Uint8Array | undefined

/** Where this thread keeps what it opens. */
export const keepOpenedIn = (memory: SharedArrayBuffer): void => {
  kept = new Uint8Array(memory)
}

/**
 * Whether calls may open anything here: in the main thread, which ends with its process, or where it is kept. Any other
 * thread may end with descriptors that only Node's own would be closed of.
 */
export const mayOpen = (): boolean =>
  kept !== undefined || process.getBuiltinModule('node:worker_threads').isMainThread

/** Keeps a descriptor, or closes it where there is no room. */
export const keepOpened = (fd: number): boolean => {
  if (kept === undefined) return true
  if (fd >= MOST) {
    linux.close.attempt(fd)
    return false
  }
  kept[fd >> 3]! |= 1 << (fd & 7)
  return true
}

/** Closes a descriptor. It is forgotten first: a number that was closed twice might be that of another file by then. */
export const closeOpened = (fd: number): void => {
  if (kept !== undefined) kept[fd >> 3]! &= ~(1 << (fd & 7))
  linux.close.attempt(fd)
}

/** Closes what a thread that has ended had open. */
export const closeAllOpened = (memory: SharedArrayBuffer): void => {
  for (const [index, bits] of new Uint8Array(memory).entries())
    for (let bit = 0; bits >> bit !== 0; bit += 1) if ((bits >> bit) & 1) linux.close.attempt(8 * index + bit)
}

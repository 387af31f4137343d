/** What one attempt to lock a path returns: posix.ts and win32.ts make them. */

/** A lock that this process holds. */
export interface HeldLock {
  release(): void
}

/** `held`: another process of this user has it; undefined: no lock can be had there. */
export type LockAttempt = HeldLock | 'held' | undefined

/** Records a system call, and makes it. */
export type Observe = <T>(syscall: string, about: number, call: () => T) => T

/** How a system locks. */
export interface LockBackend {
  /** Makes attempts for one path; none of them waits. */
  attempts(path: string, observe: Observe): () => LockAttempt
  /** True while some process of this user has the lock, where the system's files show that. */
  isLocked(path: string): boolean
}

/** The file beside a socket that its servers lock. */
export const lockFileOf = (path: string): string => `${path}.lock`

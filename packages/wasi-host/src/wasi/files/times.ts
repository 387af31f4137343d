/** Sets the times of a file to the nanosecond, where the system can. */
import { futimesSync, lutimesSync } from 'node:fs'
import { system } from '@uds/winsock-ffi/internal'
import { libc } from '../libraries/posix.ts'
import type { Status } from './place.ts'

/** A time to set: nanoseconds since 1970, the time of the call, or the one that it has. */
export type NewTime = bigint | 'now' | 'keep'

export interface NewTimes {
  readonly accessed: NewTime
  readonly modified: NewTime
}

/** What has the times: an open file, or a name whose link is not followed. */
export type Timed = { readonly fd: number } | { readonly path: string }

const NS_PER_SECOND = 1_000_000_000n

/** <fcntl.h>, <sys/stat.h>: Linux, and what macOS has. */
const numbers =
  system === 'darwin'
    ? { AT_FDCWD: -2, AT_SYMLINK_NOFOLLOW: 0x20, UTIME_NOW: -1n, UTIME_OMIT: -2n }
    : { AT_FDCWD: -100, AT_SYMLINK_NOFOLLOW: 0x100, UTIME_NOW: 0x3fff_ffffn, UTIME_OMIT: 0x3fff_fffen }

/** `struct timespec { time_t tv_sec; long tv_nsec; }`: 8 bytes each. */
const timespec = (time: NewTime): [seconds: bigint, nanoseconds: bigint] => {
  if (time === 'now') return [0n, numbers.UTIME_NOW]
  if (time === 'keep') return [0n, numbers.UTIME_OMIT]
  // The nanoseconds of a time before 1970 go forward, too.
  const nanoseconds = ((time % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND
  return [(time - nanoseconds) / NS_PER_SECOND, nanoseconds]
}

const setExactly = (timed: Timed, { accessed, modified }: NewTimes): void => {
  const times = BigInt64Array.of(...timespec(accessed), ...timespec(modified))
  if ('fd' in timed) libc.futimens(timed.fd, times)
  else libc.utimensat(numbers.AT_FDCWD, timed.path, times, numbers.AT_SYMLINK_NOFOLLOW)
}

/** A time as `node:fs` takes it: the last digits of a nanosecond have no place in it. */
const nodeTime = (time: NewTime, old: bigint): number | Date => {
  if (time === 'now') return Date.now() / 1000
  const ns = time === 'keep' ? old : time
  // A number below 0 is the present for Node.
  return ns < 0n ? new Date(Number(ns) / 1e6) : Number(ns) / 1e9
}

/**
 * Sets both times. Without koffi, and on Windows, to what `node:fs` has place for: a microsecond at best.
 *
 * @param found - The status before, for times that stay.
 */
export const setTimes = (timed: Timed, times: NewTimes, found: Status): void => {
  if (system !== 'win32' && setsExactly()) return setExactly(timed, times)
  const [accessed, modified] = [
    nodeTime(times.accessed, found.atimeNs),
    nodeTime(times.modified, found.mtimeNs),
  ]
  return 'fd' in timed
    ? futimesSync(timed.fd, accessed, modified)
    : lutimesSync(timed.path, accessed, modified)
}

let exact: boolean | undefined

/** Whether koffi is there: a call that fails for its descriptor has been made. */
const setsExactly = (): boolean => {
  try {
    exact ??= libc.futimens.attempt(-1, null) < 0
  } catch {
    exact = false
  }
  return exact
}

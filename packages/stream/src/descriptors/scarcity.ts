/** How many descriptors this process has open, and how many it may have. */
import { readdirSync, readFileSync } from 'node:fs'
import { system } from '@uds/winsock-ffi/internal'

/** RLIMIT_NOFILE, as proc(5) shows it. */
const limitOfProc = (): number => {
  const text = readFileSync('/proc/self/limits', 'latin1')
  return Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? Infinity)
}

/** RLIMIT_NOFILE in Node's report, without the network section, which is slow. */
const limitOfReport = (): number => {
  // Node has it since 22.13; its types do not yet.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean }
  const before = report.excludeNetwork ?? false
  report.excludeNetwork = true
  try {
    const { userLimits } = report.getReport() as {
      userLimits?: { open_files?: { soft?: number | 'unlimited' } }
    }
    const soft = userLimits?.open_files?.soft
    return typeof soft === 'number' ? soft : Infinity
  } finally {
    report.excludeNetwork = before
  }
}

/** Infinity where the limit is unknown, as on other engines than Node. */
const readLimit = (): number => {
  for (const read of [limitOfProc, limitOfReport]) {
    try {
      return read()
    } catch {
      // The next source may have it.
    }
  }
  return Infinity
}

const directory = system === 'linux' ? '/proc/self/fd' : '/dev/fd'

/** Infinity when no descriptor is left for the listing; 0 where the listing is not permitted, as under --permission. */
const countOpen = (): number => {
  try {
    return readdirSync(directory).length
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EMFILE' || code === 'ENFILE' ? Infinity : 0
  }
}

/** Milliseconds between two counts. */
const INTERVAL_MS = 1000
/** Counting takes at most a hundredth of the time. */
const SHARE = 100

let limit: number | undefined
let spare = 0
let open = 0
let nextCount = 0

const count = (): void => {
  const now = performance.now()
  if (now < nextCount) return
  // The limit hardly changes, and a report is slow: outside of Linux it is read once.
  if (limit === undefined || system === 'linux') limit = readLimit()
  spare = Math.max(16, Math.min(64, Math.floor(limit / 16)))
  open = countOpen()
  const end = performance.now()
  nextCount = end + Math.max(INTERVAL_MS, SHARE * (end - now))
}

/**
 * True when few descriptors are left.
 *
 * @param newest - The newest descriptor: the system assigns the lowest free number. Those above it are counted from
 *   time to time.
 */
export const areScarce = (newest: number): boolean => {
  count()
  return Math.max(newest, open) >= limit! - spare
}

/** True when twice as many are left as {@link areScarce} asks for. */
export const arePlenty = (): boolean => {
  count()
  return open < limit! - 2 * spare
}

/** How many descriptors this process has open, and how many it may have. */
import { readdirSync, readFileSync } from 'node:fs'
import { system } from '../platform/system.ts'

/** RLIMIT_NOFILE, as proc(5) shows it. */
const limitOfProc = (): number => {
  const text = readFileSync('/proc/self/limits', 'latin1')
  return Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? Infinity)
}

/** The same from Node's report, without the names of the network, which take their time. */
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

/** Infinity where nobody tells, as on engines that are not Node. */
const readLimit = (): number => {
  for (const read of [limitOfProc, limitOfReport]) {
    try {
      return read()
    } catch {
      // The next one may know.
    }
  }
  return Infinity
}

const directory = system === 'linux' ? '/proc/self/fd' : '/dev/fd'

/** Infinity where there is no descriptor left to list them by; 0 where it may not be read, as under --permission. */
const countOpen = (): number => {
  try {
    return readdirSync(directory).length
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EMFILE' || code === 'ENFILE' ? Infinity : 0
  }
}

const INTERVAL_MS = 1000
/** What a look may cost of the time: a hundredth. */
const SHARE = 100

let limit: number | undefined
let spare = 0
let open = 0
let nextLook = 0

const look = (): void => {
  const now = performance.now()
  if (now < nextLook) return
  // It hardly ever changes; finding out is dear where it takes a report.
  if (limit === undefined || system === 'linux') limit = readLimit()
  spare = Math.max(16, Math.min(64, Math.floor(limit / 16)))
  open = countOpen()
  const end = performance.now()
  nextLook = end + Math.max(INTERVAL_MS, SHARE * (end - now))
}

/**
 * True when few descriptors are left, as the newest one tells: the system gives the lowest number that is free. What
 * is open above it is counted now and then.
 */
export const areScarce = (newest: number): boolean => {
  look()
  return Math.max(newest, open) >= limit! - spare
}

/** True when there is room for twice what counts as few. */
export const arePlenty = (): boolean => {
  look()
  return open < limit! - 2 * spare
}

/** ReconnectOptions, and when a client connects again: pauses, or the file of the server appears. */
import { lstatSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { checkOptions, invalidArgument, optionNames, outOfRange } from '@uds/winsock-ffi'
import { Backoff } from '@uds/winsock-ffi/internal'
import { milliseconds } from '../options.ts'

/** How a client comes back. */
export interface ReconnectOptions {
  /** Milliseconds before the first attempt. @default 50 */
  readonly initialMs?: number | undefined
  /** Milliseconds of the longest wait. @default 5000 */
  readonly maxMs?: number | undefined
  /** What each wait is multiplied by. @default 2 */
  readonly factor?: number | undefined
  /** Which part of each wait is left to chance, 0 to 1, so that many clients do not come at once. @default 0.5 */
  readonly jitter?: number | undefined
}

const RECONNECT_OPTIONS = optionNames<ReconnectOptions>({
  initialMs: true,
  maxMs: true,
  factor: true,
  jitter: true,
})

const ratio = (
  what: string,
  value: number | undefined,
  otherwise: number,
  least: number,
  most: number,
): number => {
  if (value === undefined) return otherwise
  if (typeof value !== 'number') throw invalidArgument('connect', `reconnect.${what}`, 'a number', value)
  if (value >= least && value <= most) return value
  throw outOfRange('connect', `reconnect.${what}`, `${least} to ${most}`, value)
}

/** The pauses of a client that comes back. */
export const readBackoff = (options: ReconnectOptions): Backoff => {
  checkOptions(options, 'connect', RECONNECT_OPTIONS, 'reconnect.')
  return new Backoff({
    initialMs: milliseconds('connect', 'reconnect.initialMs', options.initialMs, 50, 1),
    maxMs: milliseconds('connect', 'reconnect.maxMs', options.maxMs, 5000, 1),
    factor: ratio('factor', options.factor, 2, 1, 100),
    jitter: ratio('jitter', options.jitter, 0.5, 0, 1),
  })
}

/** How often the file is looked at, where the system reports no changes. */
const LOOK_MS = 200

/** What changes when a file is made anew. A socket of Windows can only be looked at without following it. */
export const signatureOf = (path: string): string => {
  try {
    const { ino, ctimeMs } = lstatSync(path)
    return `${ino} ${ctimeMs}`
  } catch (error) {
    // A socket that may not be looked at is there all the same.
    return (error as NodeJS.ErrnoException).code ?? ''
  }
}

/**
 * Calls back when a file appears, or is made anew: a server that was started again is found at once, and not at the next
 * attempt. The system reports changes in the directory; where it does not (network drives, Wine), a look from time to
 * time finds it.
 *
 * @param seen - the {@link signatureOf} the file before the attempt that failed; undefined: as it is now
 * @returns the function that ends it
 */
export const whenFileAppears = (
  path: string,
  seen: string | undefined,
  appeared: () => void,
): (() => void) => {
  let last = seen ?? signatureOf(path)
  const look = (): void => {
    const now = signatureOf(path)
    if (now !== last && now !== 'ENOENT') appeared()
    last = now
  }
  const timer = setInterval(look, LOOK_MS).unref()
  const stopWatching = watchDirectory(path, appeared)
  // Behind the watch, so that no moment is left out.
  look()
  return () => {
    clearInterval(timer)
    stopWatching()
  }
}

const watchDirectory = (path: string, appeared: () => void): (() => void) => {
  try {
    const name = basename(path)
    const watcher = watch(dirname(path), { persistent: false }, (event, changed) => {
      if (event === 'rename' && (changed === null || changed === name)) appeared()
    })
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => {}
  }
}

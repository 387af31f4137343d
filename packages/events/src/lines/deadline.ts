/** Waits that end: withDeadline, abortable. */
import { checkOptions } from '@uds/winsock-ffi'
import { failure } from '../errors/errors.ts'
import { checkSignal, milliseconds } from '../options.ts'

/** The end of a wait: a time, a signal, or both. */
export interface WaitOptions {
  /** Milliseconds to wait; then `ETIMEDOUT`. */
  readonly timeoutMs?: number | undefined
  /** Rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Runs `action` with a signal that also fires after `timeoutMs`, as `ETIMEDOUT`. */
export const withDeadline = async <T>(
  what: string,
  options: WaitOptions,
  action: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> => {
  checkOptions(options, what, ['timeoutMs', 'signal'])
  const { signal } = options
  checkSignal(what, signal)
  const timeoutMs = milliseconds(what, 'timeoutMs', options.timeoutMs, Infinity)
  if (timeoutMs === Infinity) return await action(signal)
  const late = new AbortController()
  const timer = setTimeout(
    () => late.abort(failure(what, 'ETIMEDOUT', `nothing has come within ${timeoutMs} ms`)),
    timeoutMs,
  )
  try {
    return await action(signal ? AbortSignal.any([signal, late.signal]) : late.signal)
  } finally {
    clearTimeout(timer)
  }
}

/** What `promise` settles with, or, before that, the reason of the signal. */
export const abortable = async <T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return await promise
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

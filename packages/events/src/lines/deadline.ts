import { failure } from '../errors.ts'

/** When to give up: either alone, or both. */
export interface WaitOptions {
  /** Milliseconds to wait; then `ETIMEDOUT`. */
  readonly timeoutMs?: number | undefined
  /** Gives up with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Runs `action` with a signal that also fires after `timeoutMs`, as `ETIMEDOUT`. */
export const withDeadline = async <T>(
  what: string,
  { timeoutMs = Infinity, signal }: WaitOptions,
  action: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> => {
  if (!(timeoutMs < 2 ** 31)) return await action(signal)
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

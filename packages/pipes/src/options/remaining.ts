/** remaining: what is left of a timeout for the next call. */
import { callTimeout, type WaitOptions } from './arguments.ts'

/** For a call that is made of several: what is left for the next of them. */
export const remaining = (
  options: WaitOptions | undefined,
  where: string,
  known?: readonly string[],
): (() => WaitOptions | undefined) => {
  const timeout = callTimeout(options, where, known)
  if (timeout === undefined) return () => undefined
  if (timeout < 0) return () => ({ timeoutMs: null })
  const end = performance.now() + timeout
  return () => ({ timeoutMs: Math.max(0, end - performance.now()) })
}

/** What ends a guest from outside: a signal, and the quota of time. */
import type { Quotas } from '../policy/quota.ts'

export interface Limits {
  /** The guest is there: from now on its time counts. */
  begin(): void
  /** Ends the watch. Returns whether the guest was stopped. */
  stop(): boolean
  /** Whether it is to end, asked from a thread that blocks, where no timer fires. */
  isOver(): boolean
  /** Throws why the guest was stopped, if it was. */
  throwIfOver(): void
}

export const limits = (
  { timeMs }: Quotas,
  signal: AbortSignal | undefined,
  onOver: (reason: unknown) => void,
): Limits => {
  let over: { readonly reason: unknown } | undefined
  const end = (reason: unknown): void => {
    if (over) return
    over = { reason }
    onOver(reason)
  }
  const aborted = (): void => end(signal!.reason)
  signal?.addEventListener('abort', aborted, { once: true })
  // It may have come while the module was compiled.
  if (signal?.aborted) aborted()
  let timer: NodeJS.Timeout | undefined
  let deadline = Infinity
  const expire = (): void => {
    const message = `the guest was stopped: it ran longer than sockets.quotas.timeMs, ${timeMs} ms`
    end(Object.assign(new Error(message), { code: 'ETIMEDOUT' }))
  }
  const begin = (): void => {
    if (timeMs === undefined || timeMs === Infinity) return
    deadline = performance.now() + timeMs
    timer = setTimeout(expire, timeMs)
  }
  return {
    begin,
    stop: () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      return over !== undefined
    },
    isOver: () => {
      if (!over && performance.now() >= deadline) expire()
      return over !== undefined
    },
    throwIfOver: () => {
      if (over) throw over.reason
    },
  }
}

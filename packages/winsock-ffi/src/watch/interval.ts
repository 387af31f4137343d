/** The strategy interval: a timer that looks. */
import { systemCalls } from '../system-calls/select.ts'
import type { Report, Source } from './watcher.ts'

const PERIOD_MS = 10

/** Looks every 10 ms, without waiting. */
export const interval = (fd: number, interest: number, report: Report): Source => {
  let armed = false
  const timer = setInterval(() => {
    if (!armed) return
    const result = systemCalls.pollOne(fd, interest, 0)
    if (result === 0 || (result < 0 && systemCalls.isInterrupted(-result))) return
    armed = false
    if (result < 0) report(systemCalls.toError(-result, 'poll'), 0)
    else report(null, result)
  }, PERIOD_MS)
  return {
    arm: () => {
      armed = true
    },
    ref: () => timer.ref(),
    unref: () => timer.unref(),
    close: () => clearInterval(timer),
  }
}

/** busyNs: the processor time of a process, in the scheduler's nanoseconds. */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * Nanoseconds that a process has run: the first field of schedstat, of each of its threads. /proc/PID/stat and getrusage count
 * ticks of 10 ms.
 *
 * @returns NaN where there is no such file: on other systems than Linux.
 * @see https://docs.kernel.org/scheduler/sched-stats.html
 */
export const busyNs = (pid: number | undefined): number => {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, task) => {
      const [ran] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')
      return sum + Number(ran)
    }, 0)
  } catch {
    return Number.NaN
  }
}

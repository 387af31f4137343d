/** The clocks of a guest: wall-clock time and monotonic time in nanoseconds, processor time. */

const NS_PER_MS = 1_000_000n

/** Wall-clock time less monotonic time, as far as it is known. */
let difference = 0n

/** Monotonic time, in nanoseconds from an arbitrary moment. */
export const monotonicNow = (): bigint => process.hrtime.bigint()

/**
 * Wall-clock time, in nanoseconds since 1970. Date knows milliseconds; the monotonic clock goes on between them, and is
 * moved when it would leave the millisecond that Date says, so that a clock that is set is followed at once.
 */
export const realtimeNow = (): bigint => {
  const monotonic = monotonicNow()
  const least = BigInt(Date.now()) * NS_PER_MS
  const time = monotonic + difference
  if (time < least) difference = least - monotonic
  else if (time >= least + NS_PER_MS) difference = least + NS_PER_MS - 1n - monotonic
  return monotonic + difference
}

/** Processor time that this process has used, in nanoseconds. */
export const processorTime = (): bigint => {
  const { user, system } = process.cpuUsage()
  return BigInt(user + system) * 1000n
}

/** `wasi:clocks` of 0.3. */
import { SyncPromise } from '../../outcome/sync-promise.ts'
import type { AsyncHost } from '../async/host.ts'
import type { AsyncCall } from '../async/subtask.ts'
import { asyncFunc, func, type WitFunctions } from '../async/wit-function.ts'
import { tuple } from '../canonical/compound.ts'
import { u32, u64 } from '../canonical/scalars.ts'
import type { ValueType } from '../canonical/type.ts'

const now = (): bigint => process.hrtime.bigint()

const NS_PER_MS = 1_000_000n
/** setTimeout knows 2^31 - 1 ms at most; a longer wait looks again. */
const LONGEST_MS = 0x7fff_ffffn

/** A timer, and no call of the sockets: it ends with the call. */
const waitUntil = (host: AsyncHost, call: AsyncCall, due: bigint): SyncPromise<void> | undefined => {
  if (now() >= due) return undefined
  const over = new SyncPromise<void>()
  let timer: NodeJS.Timeout
  const wait = (): void => {
    const left = due - now()
    if (left <= 0n) {
      host.stopping.delete(stop)
      return over.resolve()
    }
    const ms = (left + NS_PER_MS - 1n) / NS_PER_MS
    timer = setTimeout(wait, Number(ms < LONGEST_MS ? ms : LONGEST_MS))
  }
  const stop = (): void => clearTimeout(timer)
  call.onCancel(() => {
    host.stopping.delete(stop)
    stop()
  })
  host.stopping.add(stop)
  wait()
  return over
}

export const monotonicClock: WitFunctions = {
  now: func([], u64, now),
  'get-resolution': func([], u64, () => 1n),
  'wait-until': asyncFunc([u64], undefined, waitUntil),
  'wait-for': asyncFunc([u64], undefined, (host, call, duration) => waitUntil(host, call, now() + duration)),
}

/** `instant { seconds: s64, nanoseconds: u32 }` */
const instant: ValueType<readonly [bigint, number]> = tuple(u64, u32)

export const systemClock: WitFunctions = {
  now: func([], instant, () => {
    const ms = Date.now()
    return [BigInt(Math.floor(ms / 1000)), (ms % 1000) * 1_000_000] as const
  }),
  'get-resolution': func([], u64, () => NS_PER_MS),
}

/** How much may be written without waiting. */
import { writeQuotaOf } from './information.ts'

let told: boolean | undefined

/**
 * Remembers whether this system counts what is unread: the quota of a pipe is asked for before and after a byte was
 * written to it. Wine always answers the same.
 */
export const learnQuota = (handle: number, writeByte: () => void): void => {
  const before = writeQuotaOf(handle) ?? 0
  writeByte()
  told = before > (writeQuotaOf(handle) ?? before)
}

/** True until {@link learnQuota} was called. */
export const quotaUnknown = (): boolean => told === undefined

/** Bytes that a write may have so that it need not wait; undefined where the system does not know. */
export const quotaOf = (handle: number): number | undefined => (told ? writeQuotaOf(handle) : undefined)

/** What was handled under one name: how many, how many failed, how long it took. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Of the messages of one name. */
export interface HandledReport {
  /** How many were handled. */
  readonly count: number
  /** How many of them failed. */
  readonly failed: number
  /** How many were handled since the report before. */
  readonly recent: number
  /** Milliseconds that half of those took at most; 0 where there was none. */
  readonly p50Ms: number
  /** Milliseconds that 99 of 100 of those took at most; 0 where there was none. */
  readonly p99Ms: number
}

/** Microseconds: what takes longer counts as this long. */
const LONGEST = 60_000_000

/** Counts what was handled. */
export class HandledCounter {
  readonly #times: RecordableHistogram = createHistogram({ lowest: 1, highest: LONGEST, figures: 2 })
  #count = 0
  #failed = 0

  add(ms: number, failed: boolean): void {
    this.#count += 1
    if (failed) this.#failed += 1
    this.#times.record(Math.min(LONGEST, Math.max(1, Math.round(ms * 1000))))
  }

  /** What there is now; times begin anew. */
  read(): HandledReport {
    const times = this.#times
    const recent = times.count
    const at = (percentile: number): number => (recent === 0 ? 0 : times.percentile(percentile) / 1000)
    const report = { count: this.#count, failed: this.#failed, recent, p50Ms: at(50), p99Ms: at(99) }
    times.reset()
    return report
  }
}

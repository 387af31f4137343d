/**
 * One call at a time in each direction, as far as threads are concerned, and the deadline of a call.
 *
 * The word of a lock: bit 0 = taken, bit 1 = a thread waits for it; the bits above count changes of the settings, so
 * that a thread that waits for its turn is woken by them as well (it does not fall asleep when the word has changed).
 */
import type { SocketError } from '@uds/winsock-ffi'
import { timedOut, wouldBlock } from '../errors/errors.ts'
import { BUSY, LOCK, type Direction } from './cells.ts'
import type { SharedState } from './state.ts'
import { waitForChange } from './wait-for-change.ts'

const TAKEN = 1
const AWAITED = 2

/** A call that may wait. */
export class DirectionLock {
  readonly state: SharedState
  readonly direction: Direction
  readonly syscall: string
  /** True when the call must take the lock and be wakeable. */
  readonly concurrent: boolean
  /** True when the call was made in non-blocking mode, and not put into it on the way. */
  readonly beganNonblocking: boolean
  readonly #timeoutMs: number | undefined
  readonly #start: number

  /** @param timeoutMs - The timeout of the call itself, if the caller passed one. */
  constructor(state: SharedState, direction: Direction, syscall: string, timeoutMs: number | undefined) {
    this.state = state
    this.direction = direction
    this.syscall = syscall
    this.concurrent = state.concurrent
    this.beganNonblocking = timeoutMs === undefined && state.nonblocking
    this.#timeoutMs = timeoutMs
    this.#start = performance.now()
  }

  /** Milliseconds that are left, rounded up; 0 when the time is up, -1 for ever. The settings are read anew. */
  left(): number {
    const timeout = this.#timeoutMs ?? this.state.timeout(this.direction)
    return timeout < 0 ? -1 : Math.max(0, Math.ceil(this.#start + timeout - performance.now()))
  }

  /** A call with a timeout of its own waits whatever the mode is. */
  get mayWait(): boolean {
    return this.#timeoutMs !== undefined || !this.state.nonblocking
  }

  /** Milliseconds to wait now, -1 for ever. The error is EAGAIN or ETIMEDOUT. */
  timeToWait(): number {
    if (!this.mayWait) throw wouldBlock(this.syscall)
    const ms = this.left()
    if (ms === 0) throw this.timedOut()
    return ms
  }

  timedOut(): SocketError {
    return timedOut(this.syscall, this.#timeoutMs ?? this.state.timeout(this.direction))
  }

  /** Waits for the calls of other threads in this direction to end. */
  enter(): void {
    if (!this.concurrent) return
    const { cells } = this.state
    const at = LOCK + this.direction
    for (;;) {
      const word = Atomics.load(cells, at)
      if ((word & TAKEN) === 0) {
        if (Atomics.compareExchange(cells, at, word, word | TAKEN) === word) break
        continue
      }
      const ms = this.timeToWait()
      if (Atomics.compareExchange(cells, at, word, word | AWAITED) !== word) continue
      waitForChange(cells, at, word | AWAITED, ms)
    }
    Atomics.store(cells, BUSY + this.direction, 1)
  }

  leave(): void {
    if (!this.concurrent) return
    const { cells } = this.state
    Atomics.store(cells, BUSY + this.direction, 0)
    const at = LOCK + this.direction
    const word = Atomics.and(cells, at, ~(TAKEN | AWAITED))
    if ((word & AWAITED) !== 0) Atomics.notify(cells, at)
  }
}

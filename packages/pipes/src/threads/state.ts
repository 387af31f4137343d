/** SharedState: the numbers that clones share; Wakers. */
import {
  BUSY,
  CELLS,
  HANDLE,
  KERNEL_TIMEOUT,
  LOCK,
  NONBLOCKING,
  READ,
  REFERENCES,
  STATUS,
  TIMEOUT,
  TRAVELLED,
  WAKE,
  WRITE,
  type Direction,
} from './cells.ts'
import { makeMemory } from './memory.ts'

/** How a thread that waits in the system is woken from another one. */
export interface Wakers {
  /** Two wake handles, one for a call of each direction. */
  create(): readonly [number, number]
  /** Wakes the call that waits for `WAKE + direction` of these cells. */
  wake(cells: Int32Array, direction: Direction): void
  dispose(pair: readonly [number, number]): void
  /** The handle is about to be known outside of the thread that made it. */
  leavesThread(handle: number): void
}

/** See cells.ts. Every object of a family of clones has one of these, over the same memory. */
export class SharedState {
  readonly cells: Int32Array
  readonly #wakers: Wakers

  constructor(memory: SharedArrayBuffer, wakers: Wakers) {
    this.cells = new Int32Array(memory)
    this.#wakers = wakers
  }

  static create(handle: number, wakers: Wakers): SharedState {
    const state = new SharedState(makeMemory(4 * CELLS), wakers)
    state.cells[REFERENCES] = 1
    state.cells[HANDLE] = handle
    state.cells[KERNEL_TIMEOUT + READ] = -1
    state.cells[KERNEL_TIMEOUT + WRITE] = -1
    state.cells[TIMEOUT + READ] = -1
    state.cells[TIMEOUT + WRITE] = -1
    state.cells[WAKE + READ] = -1
    state.cells[WAKE + WRITE] = -1
    return state
  }

  get memory(): SharedArrayBuffer {
    return this.cells.buffer as SharedArrayBuffer
  }

  get handle(): number {
    return Atomics.load(this.cells, HANDLE)
  }

  /**
   * True when another thread may use the same handle now. It cannot become true during a call: only the thread that is
   * in the call could make the clone. So a call that finds it false need not be wakeable and takes no lock.
   */
  get concurrent(): boolean {
    return Atomics.load(this.cells, TRAVELLED) === 1 && Atomics.load(this.cells, REFERENCES) > 1
  }

  get nonblocking(): boolean {
    return Atomics.load(this.cells, NONBLOCKING) === 1
  }

  set nonblocking(on: boolean) {
    Atomics.store(this.cells, NONBLOCKING, on ? 1 : 0)
    this.changed(READ)
    this.changed(WRITE)
  }

  timeout(direction: Direction): number {
    return Atomics.load(this.cells, TIMEOUT + direction)
  }

  setTimeout(direction: Direction, ms: number): void {
    Atomics.store(this.cells, TIMEOUT + direction, ms)
    this.changed(direction)
  }

  has(status: number): boolean {
    return (Atomics.load(this.cells, STATUS) & status) !== 0
  }

  add(status: number): void {
    Atomics.or(this.cells, STATUS, status)
  }

  /** Takes bits away. @returns Those that were set before. */
  clear(status: number): number {
    return Atomics.and(this.cells, STATUS, ~status)
  }

  /** Makes a running call of the direction, and those that wait for their turn, look at the settings again. */
  changed(direction: Direction): void {
    if (!this.concurrent) return
    if (Atomics.load(this.cells, BUSY + direction) === 1) this.#wakers.wake(this.cells, direction)
    // The other half of the lock's word counts changes, so that nobody falls asleep over one (direction-lock.ts).
    Atomics.add(this.cells, LOCK + direction, 4)
    Atomics.notify(this.cells, LOCK + direction)
  }

  /** How many objects and tokens hold the handle. */
  get references(): number {
    return Atomics.load(this.cells, REFERENCES)
  }

  retain(): void {
    Atomics.add(this.cells, REFERENCES, 1)
  }

  /** Returns a reference. @returns True when it was the last, and the handle is to be closed. */
  release(): boolean {
    return Atomics.sub(this.cells, REFERENCES, 1) === 1
  }

  /** Called before the number of the handle is passed to code that this package does not know. */
  leavesThread(): void {
    this.#wakers.leavesThread(this.handle)
  }

  /** Called before the first token is made: from here on calls can be woken. */
  makeWakeable(): void {
    if (Atomics.load(this.cells, TRAVELLED) === 1) return
    this.leavesThread()
    const pair = this.#wakers.create()
    Atomics.store(this.cells, WAKE + READ, pair[0])
    Atomics.store(this.cells, WAKE + WRITE, pair[1])
    Atomics.store(this.cells, TRAVELLED, 1)
  }

  /** Closes what the last owner has to close beside the handle itself. */
  dispose(): void {
    if (Atomics.load(this.cells, TRAVELLED) !== 1) return
    this.#wakers.dispose([this.cells[WAKE + READ]!, this.cells[WAKE + WRITE]!])
  }
}

/** Threads that wait for events, each for as many as one system call takes; all listeners of this thread share them. */
import type { Worker } from 'node:worker_threads'
import { kernel32 } from '@uds/pipes/win32'
import { threadFile } from '@uds/winsock-ffi'
import type { WaitInput, WaitOrder, WaitReport } from './wait-thread.ts'

/** WaitForMultipleObjects takes 64 handles (MAXIMUM_WAIT_OBJECTS); one of them wakes the thread. */
export const MOST_EVENTS = 63
/** Milliseconds that an idle thread stays: starting one takes longer than the pause between most servers. */
const IDLE_MS = 1000

/** A set of events that a thread waits for. */
export interface EventWait {
  /** Resolves when the thread waits for them. */
  readonly ready: Promise<void>
  ref(): void
  unref(): void
  /** Resolves when no thread waits for them any more, so that they can be closed. */
  end(): Promise<void>
}

interface EventWaitOptions {
  readonly events: readonly number[]
  /** @param index - Which of them was set; it is reset before. */
  readonly onSet: (index: number) => void
  readonly onError: (error: Error) => void
  referenced: boolean
}

class WaitThread {
  readonly #wake = kernel32.CreateEventW(null, 0, 0, null)
  readonly #worker: Worker
  readonly #waits = new Set<EventWaitOptions>()
  /** Orders that the thread has not acknowledged yet, by their number. */
  readonly #pendingOrders = new Map<number, PromiseWithResolvers<void>>()
  #number = 0
  #idle: NodeJS.Timeout | undefined
  ended = false

  constructor() {
    const file = threadFile('@uds/stream/dist/wait-thread.js', import.meta.url)
    const threads = process.getBuiltinModule('node:worker_threads')
    this.#worker = new threads.Worker(file, { workerData: { wake: this.#wake } satisfies WaitInput })
    this.#worker.on('message', (report: WaitReport) => this.#onReport(report))
    this.#worker.on('error', (error: Error) => {
      for (const { reject } of this.#pendingOrders.values()) reject(error)
      for (const wait of this.#waits) wait.onError(error)
    })
    this.#worker.once('exit', () => this.#onExit())
    this.#worker.unref()
  }

  get room(): number {
    let used = 0
    for (const { events } of this.#waits) used += events.length
    return this.ended ? 0 : MOST_EVENTS - used
  }

  add(wait: EventWaitOptions): EventWait {
    clearTimeout(this.#idle)
    this.#waits.add(wait)
    this.#refresh()
    return {
      ready: this.#sendOrder(),
      ref: () => {
        wait.referenced = true
        this.#refresh()
      },
      unref: () => {
        wait.referenced = false
        this.#refresh()
      },
      end: async () => {
        if (!this.#waits.delete(wait)) return
        const acknowledged = this.#sendOrder()
        // The process stays until the thread has acknowledged: the caller closes the events next.
        this.#worker.ref()
        await acknowledged
        this.#refresh()
        if (this.#waits.size === 0) this.#idle = setTimeout(() => this.quit(), IDLE_MS).unref()
      },
    }
  }

  #refresh(): void {
    if ([...this.#waits].some(({ referenced }) => referenced)) this.#worker.ref()
    else this.#worker.unref()
  }

  /** Sends the thread its events. Resolves when it waits for them, or has ended. */
  #sendOrder(): Promise<void> {
    if (this.ended) return Promise.resolve()
    const number = ++this.#number
    const order = Promise.withResolvers<void>()
    // A caller that does not await it is informed by `onError`.
    order.promise.catch(() => {})
    this.#pendingOrders.set(number, order)
    const events = [...this.#waits].flatMap((wait) => wait.events)
    this.#worker.postMessage({ number, events } satisfies WaitOrder)
    kernel32.SetEvent.attempt(this.#wake)
    return order.promise
  }

  #onReport({ acknowledged, set }: WaitReport): void {
    if (acknowledged !== undefined) {
      this.#pendingOrders.get(acknowledged)?.resolve()
      this.#pendingOrders.delete(acknowledged)
    }
    if (set === undefined) return
    for (const { events, onSet } of this.#waits) {
      const index = events.indexOf(set)
      if (index >= 0) onSet(index)
    }
  }

  quit(): void {
    if (this.ended) return
    this.ended = true
    this.#worker.postMessage({ number: 0, events: undefined } satisfies WaitOrder)
    kernel32.SetEvent.attempt(this.#wake)
  }

  #onExit(): void {
    this.ended = true
    clearTimeout(this.#idle)
    kernel32.CloseHandle.attempt(this.#wake)
    for (const { resolve } of this.#pendingOrders.values()) resolve()
    this.#pendingOrders.clear()
  }
}

let threads: readonly WaitThread[] = []

// Otherwise the process waits for a thread until its system call ends.
const quitAll = (): void => {
  for (const thread of threads) thread.quit()
}

const startThread = (): WaitThread => {
  process.off('exit', quitAll)
  process.once('exit', quitAll)
  const thread = new WaitThread()
  threads = [...threads.filter(({ ended }) => !ended), thread]
  return thread
}

/** Waits for at most {@link MOST_EVENTS} events; `onError` receives the errors of the thread. */
export const waitForEvents = (wait: EventWaitOptions): EventWait => {
  const free = threads.find(({ room }) => room >= wait.events.length)
  return (free ?? startThread()).add(wait)
}

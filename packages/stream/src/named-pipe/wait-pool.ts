/** Threads that wait for events, each for as many as one system call can: all listeners of this thread share them. */
import { Worker } from 'node:worker_threads'
import { kernel32 } from '@uds/pipes/win32'
import { threadFile } from '@uds/winsock-ffi'
import type { WaitInput, WaitOrder, WaitReport } from './wait-thread.ts'

/** WaitForMultipleObjects takes 64 handles, and one is to tell the thread of others. */
export const MOST_EVENTS = 63
/** How long a thread stays that has nothing to wait for: to start one takes longer than most servers are closed. */
const IDLE_MS = 1000

/** Events that are waited for. */
export interface Waited {
  /** Resolves when the thread waits for them. */
  readonly ready: Promise<void>
  ref(): void
  unref(): void
  /** Resolves when no thread looks at them any more, so that they can be closed. */
  end(): Promise<void>
}

interface User {
  readonly events: readonly number[]
  /** @param index - Which of them was set; it is reset before. */
  readonly told: (index: number) => void
  readonly failed: (error: Error) => void
  referenced: boolean
}

class WaitThread {
  readonly #wake = kernel32.CreateEventW(null, 0, 0, null)
  readonly #worker: Worker
  readonly #users = new Set<User>()
  /** Who waits until the thread has taken the list of this number. */
  readonly #taken = new Map<number, PromiseWithResolvers<void>>()
  #number = 0
  #idle: NodeJS.Timeout | undefined
  ended = false

  constructor() {
    const file = threadFile('@uds/stream/dist/win32/pipe/wait-thread.js', import.meta.url)
    this.#worker = new Worker(file, { workerData: { wake: this.#wake } satisfies WaitInput })
    this.#worker.on('message', (report: WaitReport) => this.#onReport(report))
    this.#worker.on('error', (error: Error) => {
      for (const { reject } of this.#taken.values()) reject(error)
      for (const user of this.#users) user.failed(error)
    })
    this.#worker.once('exit', () => this.#onExit())
    this.#worker.unref()
  }

  get room(): number {
    let used = 0
    for (const { events } of this.#users) used += events.length
    return this.ended ? 0 : MOST_EVENTS - used
  }

  add(user: User): Waited {
    clearTimeout(this.#idle)
    this.#users.add(user)
    this.#refresh()
    return {
      ready: this.#tell(),
      ref: () => {
        user.referenced = true
        this.#refresh()
      },
      unref: () => {
        user.referenced = false
        this.#refresh()
      },
      end: async () => {
        if (!this.#users.delete(user)) return
        const told = this.#tell()
        // The process stays until the thread has let go of what is closed next.
        this.#worker.ref()
        await told
        this.#refresh()
        if (this.#users.size === 0) this.#idle = setTimeout(() => this.quit(), IDLE_MS).unref()
      },
    }
  }

  #refresh(): void {
    if ([...this.#users].some(({ referenced }) => referenced)) this.#worker.ref()
    else this.#worker.unref()
  }

  /** Sends the thread the events of today. Resolves when it waits for them, or has ended. */
  #tell(): Promise<void> {
    if (this.ended) return Promise.resolve()
    const number = ++this.#number
    const taken = Promise.withResolvers<void>()
    // Whoever does not wait for it is told by `failed`.
    taken.promise.catch(() => {})
    this.#taken.set(number, taken)
    const events = [...this.#users].flatMap((user) => user.events)
    this.#worker.postMessage({ number, events } satisfies WaitOrder)
    kernel32.SetEvent.attempt(this.#wake)
    return taken.promise
  }

  #onReport({ taken, set }: WaitReport): void {
    if (taken !== undefined) {
      this.#taken.get(taken)?.resolve()
      this.#taken.delete(taken)
    }
    if (set === undefined) return
    for (const { events, told } of this.#users) {
      const index = events.indexOf(set)
      if (index >= 0) told(index)
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
    for (const { resolve } of this.#taken.values()) resolve()
    this.#taken.clear()
  }
}

let threads: readonly WaitThread[] = []

// The process would wait for a thread until its system call ends.
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

/** Waits for the events of `user`, {@link MOST_EVENTS} at most. What a thread suffers is told by `failed`. */
export const waitForEvents = (user: User): Waited => {
  const free = threads.find(({ room }) => room >= user.events.length)
  return (free ?? startThread()).add(user)
}

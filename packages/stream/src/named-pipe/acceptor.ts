/** Keeps instances of a pipe waiting for clients: as many as there are slots, that is its backlog. */
import {
  createFirst,
  createNext,
  ERROR_NO_DATA,
  ERROR_OPERATION_ABORTED,
  ERROR_PIPE_CONNECTED,
  kernel32,
  pipeError,
  type InstanceSettings,
} from '@uds/pipes/win32'
import type { InstanceWaiter } from './instance-waiter.ts'

/** The system has no room for another instance just now; trying at once would only spin. */
const PAUSE_MS = 100

export interface AcceptorPlan {
  readonly settings: InstanceSettings
  readonly slots: number
  readonly waiter: () => InstanceWaiter
  readonly rejectRemote: boolean
  /** Takes an instance that has a client. It is then the taker's. */
  readonly take: (handle: number) => void
  readonly failed: (error: Error) => void
}

export class Acceptor {
  readonly #plan: AcceptorPlan
  readonly #waiter: InstanceWaiter
  readonly #handles: number[]
  readonly #closeInstance: (handle: number) => void
  readonly #timers = new Set<NodeJS.Timeout>()
  #closed = false

  /** @throws SocketError `EADDRINUSE` when the name is taken. */
  constructor(plan: AcceptorPlan, closeInstance: (handle: number) => void) {
    this.#plan = plan
    this.#closeInstance = closeInstance
    const first = createFirst(plan.settings, plan.rejectRemote)
    this.#handles = [first]
    this.#waiter = plan.waiter()
    try {
      this.#waiter.attach(first)
      while (this.#handles.length < plan.slots) this.#handles.push(this.#create())
      for (const slot of this.#handles.keys()) this.#wait(slot)
    } catch (error) {
      void this.close()
      throw error
    }
  }

  /** Resolves when clients are taken. */
  get ready(): Promise<void> {
    return this.#waiter.ready
  }

  #create(): number {
    const handle = createNext(this.#plan.settings, this.#plan.rejectRemote)
    this.#waiter.attach(handle)
    return handle
  }

  #wait(slot: number): void {
    const handle = this.#handles[slot]!
    this.#waiter.wait(slot, handle, (error) => {
      if (this.#closed) return
      // A client that came before the call, and one that has left again, whose bytes can still be read.
      const came = error === 0 || error === ERROR_PIPE_CONNECTED || error === ERROR_NO_DATA
      if (!came && error !== ERROR_OPERATION_ABORTED) {
        this.#plan.failed(pipeError(error, 'accept', this.#plan.settings.name))
      }
      this.#replace(slot, came ? handle : undefined)
    })
  }

  /** Puts a new instance into the slot first, so that the name is never without one. */
  #replace(slot: number, taken: number | undefined): void {
    if (this.#closed) {
      if (taken !== undefined) this.#closeInstance(taken)
      return
    }
    try {
      const old = this.#handles[slot]!
      this.#handles[slot] = this.#create()
      if (taken === undefined) this.#closeInstance(old)
      this.#wait(slot)
    } catch (error) {
      this.#plan.failed(error as Error)
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#replace(slot, taken)
      }, PAUSE_MS)
      this.#timers.add(timer)
      return
    }
    if (taken !== undefined) this.#plan.take(taken)
  }

  ref(): void {
    this.#waiter.ref()
  }

  unref(): void {
    this.#waiter.unref()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const handle of this.#handles) {
      kernel32.CancelIoEx.attempt(handle, null)
      this.#closeInstance(handle)
    }
    await this.#waiter.close()
  }
}

/** Keeps a fixed number of pipe instances waiting for clients: that number is the backlog. */
import {
  createNext,
  ERROR_NO_DATA,
  ERROR_OPERATION_ABORTED,
  ERROR_PIPE_CONNECTED,
  kernel32,
  pipeError,
  type InstanceSettings,
} from '@uds/pipes/win32'
import type { InstanceWaiter } from './instance-waiter.ts'

/** Milliseconds until the next try when the system refuses another instance. */
const PAUSE_MS = 100

export interface AcceptorOptions {
  readonly settings: InstanceSettings
  /** The first instance, which the name was claimed with: this class closes it. */
  readonly first: number
  readonly slots: number
  readonly waiter: () => InstanceWaiter
  readonly rejectRemote: boolean
  /** Receives the handle of an instance that has a client, and owns it. */
  readonly onClient: (handle: number) => void
  readonly onError: (error: Error) => void
}

export class Acceptor {
  readonly #options: AcceptorOptions
  readonly #waiter: InstanceWaiter
  readonly #handles: number[]
  readonly #closeInstance: (handle: number) => void
  readonly #timers = new Set<NodeJS.Timeout>()
  #closed = false

  /** @throws SocketError when no thread can wait, or no more instances can be made. */
  constructor(options: AcceptorOptions, closeInstance: (handle: number) => void) {
    this.#options = options
    this.#closeInstance = closeInstance
    this.#handles = [options.first]
    this.#waiter = options.waiter()
    try {
      this.#waiter.attach(options.first)
      while (this.#handles.length < options.slots) this.#handles.push(this.#create())
      for (const slot of this.#handles.keys()) this.#wait(slot)
    } catch (error) {
      void this.close()
      throw error
    }
  }

  /** Resolves when clients can connect. */
  get ready(): Promise<void> {
    return this.#waiter.ready
  }

  #create(): number {
    const handle = createNext(this.#options.settings, this.#options.rejectRemote)
    this.#waiter.attach(handle)
    return handle
  }

  #wait(slot: number): void {
    const handle = this.#handles[slot]!
    this.#waiter.wait(slot, handle, (error) => {
      if (this.#closed) return
      // Also a client that connected before the call, and one that has left already, whose bytes can still be read.
      const hasClient = error === 0 || error === ERROR_PIPE_CONNECTED || error === ERROR_NO_DATA
      if (!hasClient && error !== ERROR_OPERATION_ABORTED) {
        this.#options.onError(pipeError(error, 'accept', this.#options.settings.name))
      }
      this.#replace(slot, hasClient ? handle : undefined)
    })
  }

  /** Creates the new instance before the old one is handed over, so that the name always has an instance. */
  #replace(slot: number, connected: number | undefined): void {
    if (this.#closed) {
      if (connected !== undefined) this.#closeInstance(connected)
      return
    }
    try {
      const old = this.#handles[slot]!
      this.#handles[slot] = this.#create()
      if (connected === undefined) this.#closeInstance(old)
      this.#wait(slot)
    } catch (error) {
      this.#options.onError(error as Error)
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#replace(slot, connected)
      }, PAUSE_MS)
      this.#timers.add(timer)
      return
    }
    if (connected !== undefined) this.#options.onClient(connected)
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

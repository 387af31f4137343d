/** Receivers: the listeners of a linker, by event. */
import { invalidArgument } from '@uds/winsock-ffi'
import { failure } from '../errors/errors.ts'
import { isThenable, Listeners } from '../handlers/listeners.ts'
import { decodePayload } from './frames/payload.ts'
import type { PayloadMode } from './frames/payload.ts'

/** Called with the data of an event. A promise that it returns is not waited for; its rejection is reported. */
export type EventListener<T = unknown> = (data: T) => unknown

/** The listeners of a linker. One that fails is reported; the others run all the same. */
export class Receivers {
  readonly #payloads: PayloadMode
  readonly #failed: (error: Error) => void
  readonly #listeners = new Listeners()

  constructor(payloads: PayloadMode, failed: (error: Error) => void) {
    this.#payloads = payloads
    this.#failed = failed
  }

  add(event: string, listener: EventListener<never>): void {
    checkListener('receive', event, listener)
    this.#listeners.add(event, listener)
  }

  addOnce(event: string, listener: EventListener<never>): void {
    checkListener('receiveOnce', event, listener)
    this.#listeners.addOnce(event, listener)
  }

  /** Removes one registration of `listener`; without a listener, all of the event. */
  remove(event: string, listener: EventListener<never> | undefined): void {
    if (listener === undefined) this.#listeners.removeAll(event)
    else this.#listeners.remove(event, listener)
  }

  /** Calls the listeners of an event that has arrived. */
  deliver(event: string, payload: unknown): void {
    const data = decodePayload(payload, this.#payloads)
    const failed = (error: unknown): void => this.#listenerFailed(event, error)
    const only = this.#listeners.single(event)
    if (!only) {
      void this.#listeners.call(event, [data], failed)
      return
    }
    try {
      const result = only(data)
      if (isThenable(result)) void Promise.resolve(result).then(undefined, failed)
    } catch (error) {
      failed(error)
    }
  }

  #listenerFailed(event: string, error: unknown): void {
    this.#failed(
      failure('receive', 'ERR_HANDLER_FAILED', `a listener of ${JSON.stringify(event)} failed`, error),
    )
  }
}

const checkListener = (where: string, event: unknown, listener: unknown): void => {
  if (typeof event !== 'string') throw invalidArgument(where, 'the event', 'a string', event)
  if (typeof listener !== 'function') throw invalidArgument(where, 'the listener', 'a function', listener)
}

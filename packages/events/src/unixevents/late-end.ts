/** LateEnd: the end of a channel whose code is loaded when it is opened. */
import { setTimeout as wait } from 'node:timers/promises'
import { Backoff, isScarcity } from '@uds/winsock-ffi/internal'
import { failure } from '../errors/errors.ts'
import { PendingFrames } from './connection/pending-frames.ts'
import type { SendDone } from './connection/pending-frames.ts'
import { RETRY } from './role.ts'
import type { ChannelEnd, ChannelOptions, ChannelSink } from './role.ts'

/**
 * Loads a role as soon as it is made, and keeps what is sent until it is there. A program that has no linker loads none of
 * what carries one.
 */
export class LateEnd implements ChannelEnd {
  readonly #options: Pick<ChannelOptions, 'maxHeldBytes' | 'timeoutMs'>
  readonly #debug: ChannelSink['debug']
  readonly #loading: Promise<ChannelEnd>
  readonly #pending: PendingFrames
  readonly #abort = new AbortController()
  #end: ChannelEnd | undefined

  constructor(
    load: () => Promise<ChannelEnd>,
    options: Pick<ChannelOptions, 'maxHeldBytes' | 'timeoutMs'>,
    debug: ChannelSink['debug'],
  ) {
    this.#options = options
    this.#debug = debug
    this.#pending = new PendingFrames(options.maxHeldBytes)
    this.#loading = this.#load(load)
    // open() and close() report it.
    this.#loading.catch(() => {})
  }

  get connections(): number {
    return this.#end?.connections ?? 0
  }

  get upgraded(): number {
    return this.#end?.upgraded ?? 0
  }

  async open(): Promise<void> {
    const end = await this.#loading
    await end.open()
  }

  send(frame: string, done: SendDone | undefined): Error | undefined {
    if (this.#end) return this.#end.send(frame, done)
    if (this.#pending.add(frame, done)) return undefined
    const detail = `${this.#options.maxHeldBytes} bytes wait for the channel to open already`
    return failure('send', 'ERR_QUEUE_FULL', detail)
  }

  async close(graceMs: number): Promise<void> {
    this.#abort.abort()
    try {
      await (await this.#loading).close(graceMs)
    } catch (reason) {
      const closed = failure('send', 'ERR_CLOSED', 'the linker was closed', reason)
      this.#pending.release((_, done) => done?.(closed))
    }
  }

  async #load(load: () => Promise<ChannelEnd>): Promise<ChannelEnd> {
    const end = await this.#tried(load)
    this.#end = end
    this.#pending.release((frame, done) => {
      const refused = end.send(frame, done)
      if (refused) done?.(refused)
    })
    return end
  }

  /** Files cannot be read while no descriptor is left: that passes, as a server that is not there yet does. */
  async #tried(load: () => Promise<ChannelEnd>): Promise<ChannelEnd> {
    const until = performance.now() + this.#options.timeoutMs
    const backoff = new Backoff(RETRY)
    for (;;) {
      try {
        return await load()
      } catch (error) {
        const left = until - performance.now()
        if (!isScarcity(error) || left <= 0) throw error
        this.#debug(`not open yet: ${(error as Error).message}`)
        await wait(Math.min(backoff.next(), left), undefined, { signal: this.#abort.signal })
      }
    }
  }
}

/** Worker: a client that does the messages of a work queue. */
import { checkOptions, invalidArgument, optionNames } from '@uds/winsock-ffi'
import type { Channel } from '../channel/channel.ts'
import { openEnvelope } from '../channel/envelope.ts'
import { request } from '../channel/request-arguments.ts'
import type { Check } from '../contract/contract.ts'
import { asError, DeferError, failure } from '../errors/errors.ts'
import type { RequestContext } from '../handlers/handler.ts'
import type { HandlerRegistry } from '../handlers/registry.ts'
import { checkWorkName, WORK, WORK_PREFIX } from '../names.ts'
import { count } from '../options.ts'
import { u32 } from '../wire/frame.ts'

/** How a client works. */
export interface WorkerOptions {
  /** How many messages it has at once; the server sends no more. @default 1 */
  readonly concurrency?: number | undefined
}

const WORKER_OPTIONS = optionNames<WorkerOptions>({ concurrency: true })

/** What the handler of a message gets besides the data. */
export interface WorkContext {
  /** The same at every attempt: for handlers that remember what they did. */
  readonly id: string
  /** The first one is 1. From 2 on the message may have been done before, in whole or in part. */
  readonly attempt: number
  /** Aborts when the time of the attempt is over, or the connection is lost: then another worker gets the message. */
  readonly signal: AbortSignal
}

/** Does a message. When it throws, the message has failed; `DeferError` puts it off, which is no attempt. */
export type WorkHandler<Data> = (data: Data, context: WorkContext) => unknown

/** What a worker needs of its client. */
export interface WorkerOwner {
  readonly channel: Channel
  readonly handlers: HandlerRegistry
  readonly check: Check | undefined
  readonly timeoutMs: number
  report(error: Error): void
  /** It takes no more messages. */
  stopped(worker: Worker): void
}

/** Does the messages of one queue, over one connection after the other. */
export class Worker {
  readonly name: string
  readonly #owner: WorkerOwner
  readonly #concurrency: number
  readonly #running = new Set<Promise<unknown>>()
  #stopping: Promise<void> | undefined

  /** @internal */
  constructor(name: string, handler: WorkHandler<never>, options: WorkerOptions, owner: WorkerOwner) {
    checkWorkName('work', name)
    if (typeof handler !== 'function') throw invalidArgument('work', 'handler', 'a function', handler)
    checkOptions(options, 'work', WORKER_OPTIONS)
    this.name = name
    this.#owner = owner
    this.#concurrency = count('work', 'concurrency', options.concurrency, 1)
    const { channel, handlers, check } = owner
    handlers.handle(WORK_PREFIX + name, (payload: unknown, { signal }: RequestContext) => {
      const { about, data } = openEnvelope(channel.codec, channel.limits, payload)
      const context = { id: String(about[0]), attempt: Number(about[1]), signal }
      const work = this.#work(handler as WorkHandler<unknown>, check, data, context)
      this.#running.add(work)
      return work.finally(() => this.#running.delete(work))
    })
    // The caller can listen to errors before there is one.
    queueMicrotask(() => this.ask())
  }

  /** The answer: none, or the milliseconds for which the message is put off. */
  async #work(
    handler: WorkHandler<unknown>,
    check: Check | undefined,
    data: unknown,
    context: WorkContext,
  ): Promise<Uint8Array | undefined> {
    try {
      await handler(check === undefined ? data : await check(data), context)
      return undefined
    } catch (error) {
      if (error instanceof DeferError) return u32(error.retryAfterMs)
      throw error
    }
  }

  /** @internal Asks the server for messages; there is a connection. */
  ask(): void {
    if (this.#stopping !== undefined) return
    this.#ask(this.#concurrency).catch((error: unknown) => {
      // The next connection asks again.
      const { code } = error as { code?: unknown }
      if (code !== 'ERR_DISCONNECTED' && code !== 'ERR_CLOSED') this.#owner.report(asError(error))
    })
  }

  async #ask(concurrency: number): Promise<void> {
    const { channel, timeoutMs } = this.#owner
    if (channel.link === undefined) return
    const asked = Buffer.from(JSON.stringify([this.name, concurrency]))
    try {
      await request(channel.requester, WORK, [asked, {}], timeoutMs)
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string }
      if (code !== 'ERR_NO_HANDLER') throw error
      throw failure('work', 'ERR_NO_HANDLER', `no work of the name '${this.name}': ${message}`, error)
    }
  }

  /** Takes no more messages; resolves when those that it has are done. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    try {
      await this.#ask(0)
    } catch {
      // Without a connection no message comes either.
    }
    await Promise.allSettled(this.#running)
    this.#owner.handlers.requests.delete(WORK_PREFIX + this.name)
    this.#owner.stopped(this)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

/** serveGuests: a server of HTTP, whose requests are answered by guests: one for each. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Served } from '@uds/stream/http'
import type { Run } from '../guest/handle.ts'
import { failResponse } from '../http/server-exchange.ts'
import { GuestExit } from '../outcome/errors.ts'
import type { ServeSettings } from './options.ts'
import { Slots } from './slots.ts'

/** A component that serves. */
export interface GuestServer {
  /** Where it listens, in the order of the option; a port 0 is the port that it got. */
  readonly addresses: readonly string[]
  /** Stops listening, lets requests end for so many milliseconds, then ends their guests. Closing twice is no error. @default 0 */
  close(options?: { readonly graceMs?: number }): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A guest that is ready for its request, and what ends it. */
interface Ready {
  readonly run: Run
  readonly end: AbortController
}

/** Makes a guest. */
export type Begin = (signal: AbortSignal) => Promise<Run>

/** RFC 9110, sections 15.6.1 and 15.6.5 */
const FAILED = 500
const TIMED_OUT = 504

const timedOut = (ms: number): Error =>
  Object.assign(new Error(`the guest has not answered within ${ms} ms`), { code: 'ETIMEDOUT' })

class GuestServing {
  readonly #begin: Begin
  readonly #settings: ServeSettings
  readonly #timeMs: number
  readonly #slots: Slots
  readonly #running = new Map<AbortController, Promise<void>>()
  /** The guest of the next request: so that a request does not wait for its start. */
  #next: Promise<Ready> | undefined
  #closed = false

  constructor(begin: Begin, settings: ServeSettings, timeMs: number) {
    this.#begin = begin
    this.#settings = settings
    this.#timeMs = timeMs
    this.#slots = new Slots(settings.concurrency)
  }

  /** Starts the guest of the next request, and fails as it fails. */
  async prepare(): Promise<void> {
    await (this.#next ??= this.#make())
  }

  async #make(): Promise<Ready> {
    const end = new AbortController()
    return { run: await this.#begin(end.signal), end }
  }

  #take(): Promise<Ready> {
    const taken = this.#next ?? this.#make()
    this.#next = this.#closed ? undefined : this.#make()
    // The request that takes it sees what it failed with.
    this.#next?.catch(() => {})
    return taken
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    void this.#handle(request, response)
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const release = await this.#slots.take()
    try {
      // A client that has gone meanwhile needs no guest.
      if (response.destroyed) return
      if (this.#closed) return failResponse(response, 503, 'the server is closing')
      await this.#answer(await this.#take(), request, response)
    } catch (error) {
      const late = (error as { code?: unknown } | undefined)?.code === 'ETIMEDOUT'
      failResponse(
        response,
        late ? TIMED_OUT : FAILED,
        late ? 'the guest did not answer in time' : 'the guest failed',
      )
      // Those that the end of the server has ended have not failed.
      if (!this.#closed)
        this.#settings.onError(error, { method: request.method ?? '', url: request.url ?? '' })
    } finally {
      release()
    }
  }

  async #answer({ run, end }: Ready, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { timeoutMs } = this.#settings
    const timers: NodeJS.Timeout[] = []
    const limit = (ms: number, over: () => void): void => {
      if (ms !== Infinity) timers.push(setTimeout(over, ms))
    }
    limit(timeoutMs, () => {
      if (!response.headersSent) end.abort(timedOut(timeoutMs))
    })
    limit(this.#timeMs, () => end.abort(timedOut(this.#timeMs)))
    const answering = run.handle(request, response).catch((error: unknown) => {
      // A guest may exit when it has answered.
      if (!(error instanceof GuestExit && error.exitCode === 0 && response.writableFinished)) throw error
    })
    const over = answering.then(
      () => run.guest.close(),
      () => run.guest.close(),
    )
    this.#running.set(end, over)
    try {
      await answering
    } finally {
      for (const timer of timers) clearTimeout(timer)
      await over
      this.#running.delete(end)
    }
  }

  async close(graceMs: number): Promise<void> {
    this.#closed = true
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, graceMs)
    await Promise.race([Promise.all(this.#running.values()), late])
    clearTimeout(timer)
    for (const end of this.#running.keys()) end.abort(new Error('the server was closed'))
    await Promise.all(this.#running.values())
    const next = this.#next
    this.#next = undefined
    await next?.then(
      ({ run }) => run.guest.close(),
      () => {},
    )
  }
}

/**
 * Serves.
 *
 * @param timeMs - A guest may run for so long in all.
 */
export const serveGuests = async (
  begin: Begin,
  settings: ServeSettings,
  timeMs: number,
): Promise<GuestServer> => {
  const serving = new GuestServing(begin, settings, timeMs)
  // An import of node:http makes pipes 0 to 2 of the process non-blocking: it is left until a guest serves.
  const { serve } = await import('@uds/stream/http')
  const server = process.getBuiltinModule('node:http').createServer(serving.handle)
  const served: Served[] = []
  let closing: Promise<void> | undefined
  const end = async (graceMs: number): Promise<void> => {
    await Promise.all([...served.map((each) => each.close({ graceMs })), serving.close(graceMs)])
  }
  const close = ({ graceMs = 0 }: { readonly graceMs?: number } = {}): Promise<void> => {
    settings.signal?.removeEventListener('abort', aborted)
    closing ??= end(graceMs)
    return closing
  }
  const aborted = (): void => void close().catch(() => {})
  try {
    // What is wrong with the guest is said at once, and not at the first request.
    await serving.prepare()
    for (const address of settings.addresses)
      served.push(await serve(server, address, settings.listenOptions))
    settings.signal?.throwIfAborted()
  } catch (error) {
    await close()
    throw error
  }
  settings.signal?.addEventListener('abort', aborted, { once: true })
  return { addresses: served.map(({ address }) => address), close, [Symbol.asyncDispose]: () => close() }
}

/** Answerer: requests of other machines that handlers here answer. */
import type { RemoteCall } from '@uds/events'
import type { EngineMessage } from '../connection/engine.ts'
import { asError, failure } from '../errors.ts'
import { BYTES_HEADER, checkSize, headersOf, sizeOf } from '../payload/payload.ts'
import type { Parts } from '../parts/parts.ts'
import { countReceived } from '../parts/received.ts'
import { readClient } from '../subjects/clients.ts'
import { escapeToken } from '../subjects/token.ts'
import { ERROR_HEADER, STREAM_HEADER } from './headers.ts'
import { OutgoingStream } from './outgoing-stream.ts'
import { wireError } from './wire-error.ts'

/** Everybody who handles a request stands in one queue group: one of them gets it. */
const GROUP = 'handlers'
/** As many as a server of `@uds/events` handles of one client. */
const MOST_RUNNING = 10_000

export class Answerer {
  readonly #parts: Parts
  /** How each request that is handled here is unsubscribed. */
  readonly #subscribed = new Map<string, () => void>()
  readonly #running = new Map<string, { cancel(): void }>()
  readonly #streams = new Map<string, OutgoingStream>()
  #nextStream = 1

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** How many requests of other machines are being handled. */
  get size(): number {
    return this.#running.size
  }

  begin(): void {
    const { engine, space, settings } = this.#parts
    if (settings.forward.requests.length === 0) return
    engine.subscribe(space.of('k', '*', '*'), undefined, (message) => {
      const [machine = '', id = ''] = space.tokensOf(message.subject)
      this.#running.get(`${machine}.${id}`)?.cancel()
    })
    engine.subscribe(space.of('c', space.machine, '*'), undefined, (message) => {
      const [, id = ''] = space.tokensOf(message.subject)
      this.#streams.get(id)?.control(Buffer.from(message.data).toString())
    })
    this.changed()
  }

  /** Handlers have come or gone: subscribes to what this machine handles, and to nothing else. */
  changed(): void {
    const { engine, space, settings, host } = this.#parts
    const here = host()
    for (const name of settings.forward.requests) {
      const stop = this.#subscribed.get(name)
      const handled = here.handles(name)
      if (handled && stop === undefined) {
        const subject = space.of('q', escapeToken(name))
        this.#subscribed.set(
          name,
          engine.subscribe(subject, GROUP, (message) => this.#asked(name, message)),
        )
      } else if (!handled && stop !== undefined) {
        this.#subscribed.delete(name)
        stop()
      }
    }
  }

  #asked(name: string, message: EngineMessage): void {
    const { space, payloads, host } = this.#parts
    countReceived(this.#parts, message)
    const { reply } = message
    const [machine = '', client = '', id = ''] = space.tokensOf(reply ?? '')
    const from = readClient(machine, client)
    if (reply === undefined || from === undefined) return
    const key = `${machine}.${id}`
    const window = message.headers?.get(STREAM_HEADER)
    const isStream = window !== undefined && window !== ''
    let call: RemoteCall
    try {
      if (this.#running.size >= MOST_RUNNING)
        throw failure(
          'request',
          'ERR_QUEUE_FULL',
          `${this.#running.size} requests are under way on this machine`,
        )
      call = host().request(name, payloads.read(message), from, isStream)
    } catch (error) {
      this.#fail(reply, error)
      return
    }
    if (isStream) void this.#stream(key, reply, call, Number(window))
    else if (isThenable(call.result)) void this.#later(key, reply, call)
    else this.#answer(reply, call.result)
  }

  /** Never rejects. */
  async #later(key: string, reply: string, call: RemoteCall): Promise<void> {
    this.#running.set(key, call)
    try {
      this.#answer(reply, await call.result)
    } catch (error) {
      this.#fail(reply, error)
    } finally {
      this.#running.delete(key)
    }
  }

  #answer(reply: string, value: unknown): void {
    const { engine, payloads } = this.#parts
    try {
      if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
        throw failure(
          'handle',
          'ENOTSUP',
          'the handler returns a stream of answers, and was asked for one: ask for the stream',
        )
      const { payload, isBytes } = payloads.write(value)
      checkSize('reply', sizeOf(payload), engine.maxPayload)
      engine.publish(reply, payload, isBytes ? { headers: headersOf({ [BYTES_HEADER]: '1' }) } : undefined)
    } catch (error) {
      this.#fail(reply, error)
    }
  }

  #fail(reply: string, error: unknown): void {
    const headers = headersOf({ [ERROR_HEADER]: '1' })
    this.#parts.engine.publish(reply, JSON.stringify(wireError(error)), { headers })
  }

  /** Never rejects. */
  async #stream(key: string, reply: string, call: RemoteCall, window: number): Promise<void> {
    const { engine, space, payloads } = this.#parts
    const id = String(this.#nextStream++)
    const stream = new OutgoingStream({
      control: space.of('c', space.machine, id),
      window: Number.isSafeInteger(window) ? Math.min(Math.max(window, 1), 65_536) : 1,
      write: (value) => {
        const { payload, isBytes } = payloads.write(value)
        checkSize('reply', sizeOf(payload), engine.maxPayload)
        return { payload, isBytes }
      },
      publish: (payload, headers, control) =>
        void engine.publish(reply, payload, { headers: headersOf(headers), reply: control }),
      cancel: () => call.cancel(),
    })
    this.#streams.set(id, stream)
    this.#running.set(key, stream)
    try {
      stream.open()
      await stream.pump(await call.result)
    } catch (error) {
      if (!stream.stopped) this.#fail(reply, error)
      this.#parts.report(asError(error))
    } finally {
      stream.close()
      this.#streams.delete(id)
      this.#running.delete(key)
    }
  }

  /** The connection is lost: who asked has heard that as well. */
  down(): void {
    for (const running of this.#running.values()) running.cancel()
  }

  close(): void {
    this.down()
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

/** Caller: requests of clients here that another machine answers. */
import { RemoteError, type RequestContext } from '@uds/events'
import type { EngineMessage } from '../connection/engine.ts'
import { asError, failure } from '../errors.ts'
import { BYTES_HEADER, checkSize, headersOf, sizeOf } from '../payload/payload.ts'
import type { Parts } from '../parts/parts.ts'
import { countReceived } from '../parts/received.ts'
import type { LocalClient } from '../subjects/clients.ts'
import { escapeToken } from '../subjects/token.ts'
import { Deadlines } from './deadlines.ts'
import { ERROR_HEADER, STREAM_HEADER, WINDOW } from './headers.ts'
import { IncomingStream } from './incoming-stream.ts'

/** Of the answer of a server that has nobody to ask: https://docs.nats.io/nats-concepts/core-nats/reqreply */
const NO_RESPONDERS = 503

/** A question that waits for its answer. */
interface Pending {
  answered(message: EngineMessage): void
  failed(reason: Error): void
}

type Handler = (input: unknown, context: RequestContext) => unknown

export class Caller {
  readonly #parts: Parts
  readonly #names: ReadonlySet<string>
  readonly #pending = new Map<number, Pending>()
  readonly #deadlines: Deadlines
  #next = 1

  constructor(parts: Parts) {
    this.#parts = parts
    this.#names = new Set(parts.settings.forward.requests)
    this.#deadlines = new Deadlines(parts.settings.requestTimeoutMs, (id) => {
      const ms = parts.settings.requestTimeoutMs
      this.#giveUp(id, failure('request', 'ETIMEDOUT', `no answer of another machine within ${ms} ms`))
    })
  }

  /** How many requests wait for answers of other machines. */
  get size(): number {
    return this.#pending.size
  }

  begin(): void {
    if (this.#names.size === 0) return
    const { engine, space } = this.#parts
    engine.subscribe(space.of('a', space.machine, '*', '*'), undefined, (message) => this.#answered(message))
  }

  /** What handles a request that this machine does not. */
  handler(name: string): Handler | undefined {
    if (!this.#names.has(name)) return undefined
    return (input, context) =>
      context.kind === 'stream' ? this.#stream(input, context) : this.#ask(input, context)
  }

  #ask(input: unknown, context: RequestContext): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const id = this.#publish(input, context, undefined, {
      answered: (message) => {
        this.#settled(id)
        resolve(this.#parts.payloads.read(message))
      },
      failed: reject,
    })
    this.#deadlines.add(id)
    const cancel = (): void =>
      this.#giveUp(id, failure('request', 'ERR_DISCONNECTED', 'nobody waits for the answer'))
    context.signal.addEventListener('abort', cancel, { once: true })
    return promise
  }

  #stream(input: unknown, context: RequestContext): AsyncIterable<unknown> {
    const { engine, payloads } = this.#parts
    const stream = new IncomingStream({
      read: (message) => payloads.read(message),
      control: (subject, word) => void engine.publish(subject, word),
      ended: (early) => {
        this.#settled(id)
        if (early) this.#cancel(id)
      },
    })
    const id = this.#publish(input, context, String(WINDOW), stream)
    context.signal.addEventListener('abort', () => stream.stop(), { once: true })
    return stream
  }

  /** Throws what a request cannot be sent for. */
  #publish(
    input: unknown,
    { name, peer }: RequestContext,
    window: string | undefined,
    pending: Pending,
  ): number {
    const { engine, space, payloads, clients, outlet } = this.#parts
    if (typeof input === 'object' && input !== null && Symbol.asyncIterator in input) {
      const detail = 'an input that is a stream does not leave the machine: send its parts'
      throw failure('request', 'ENOTSUP', detail)
    }
    const { payload, isBytes } = payloads.write(input)
    checkSize('request', sizeOf(payload), engine.maxPayload)
    if (!engine.connected) throw engine.away('request')
    const id = this.#next++
    const reply = space.of('a', space.machine, clients.tokenOf(peer as LocalClient), String(id))
    const headers = headersOf({ [BYTES_HEADER]: isBytes ? '1' : undefined, [STREAM_HEADER]: window })
    this.#pending.set(id, pending)
    // What was said before it arrives before it.
    outlet.flushBatch()
    engine.publish(space.of('q', escapeToken(name)), payload, { reply, headers })
    return id
  }

  #answered(message: EngineMessage): void {
    countReceived(this.#parts, message)
    const id = Number(this.#parts.space.tokensOf(message.subject)[2])
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    try {
      if (message.headers?.code === NO_RESPONDERS)
        throw failure('request', 'ERR_NO_HANDLER', 'no machine handles it')
      if (message.headers?.has(ERROR_HEADER) === true) throw remoteError(message)
      pending.answered(message)
    } catch (error) {
      this.#settled(id)
      pending.failed(asError(error))
    }
  }

  #settled(id: number): void {
    this.#pending.delete(id)
    this.#deadlines.delete(id)
  }

  #giveUp(id: number, reason: Error): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#settled(id)
    pending.failed(reason)
    this.#cancel(id)
  }

  /** Which machine has it is not known: all hear that nobody waits, and one of them stops. */
  #cancel(id: number): void {
    const { engine, space } = this.#parts
    engine.publish(space.of('k', space.machine, String(id)), '')
  }

  /** The connection is lost, and with it whatever was on its way. */
  down(reason: Error): void {
    for (const [id, pending] of this.#pending) {
      this.#settled(id)
      pending.failed(reason)
    }
  }

  close(): void {
    this.down(failure('request', 'ERR_CLOSED', 'the adapter was closed'))
    this.#deadlines.close()
  }
}

const remoteError = ({ data }: EngineMessage): Error => {
  const told: unknown = JSON.parse(Buffer.from(data).toString())
  const { code, message, name } = (typeof told === 'object' && told !== null ? told : {}) as Record<
    string,
    unknown
  >
  return new RemoteError({
    code: typeof code === 'string' ? code : 'ERR_HANDLER_FAILED',
    message: typeof message === 'string' ? message : 'without a reason',
    name: typeof name === 'string' ? name : undefined,
  })
}

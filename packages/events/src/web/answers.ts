/** Answers: the handlers of this end, and what they answer. */
import { toWire } from '../errors/remote-error.ts'
import { Flag, FrameType } from '../wire/frame-types.ts'
import { EventsError } from './errors.ts'
import { countIn, type ReadFrame } from './frames.ts'
import { decode, encode, type Wire } from './wire.ts'

/** What a handler of a request receives behind its input. */
export interface HandlerContext {
  readonly name: string
  /** Aborts when no answer is wanted any more. */
  readonly signal: AbortSignal
}

export type Handler = (input: unknown, context: HandlerContext) => unknown

class Running {
  readonly controller: AbortController = new AbortController()
  credit: number
  wake: (() => void) | undefined

  constructor(credit: number) {
    this.credit = credit
  }
}

/** What the server asks of this client. */
export class Answers {
  readonly handlers: Map<string, Handler> = new Map()
  readonly #wire: Wire
  readonly #mostBytes: () => number
  readonly #running = new Map<number, Running>()

  constructor(wire: Wire, mostBytes: () => number) {
    this.#wire = wire
    this.#mostBytes = mostBytes
  }

  /** REQUEST, CANCEL or CREDIT came. */
  asked(frame: ReadFrame, name: string): void {
    const { type, flags, low } = frame
    if (type === FrameType.request) {
      if (this.#running.has(low))
        throw new EventsError('ERR_PROTOCOL', 'a request with the id of one that is under way')
      const handler = this.handlers.get(name)
      const input = decode(frame)
      if (handler === undefined)
        this.#fail(low, new EventsError('ERR_NO_HANDLER', `nobody handles '${name}'`))
      else {
        const running = new Running(frame.high)
        this.#running.set(low, running)
        void this.#answer(low, running, (flags & Flag.stream) !== 0, () =>
          handler(input, { name, signal: running.controller.signal }),
        )
      }
      return
    }
    const running = this.#running.get(low)
    if (running === undefined) return
    if (type === FrameType.credit) running.credit += countIn(frame)
    else {
      this.#running.delete(low)
      running.controller.abort(new EventsError('ERR_DISCONNECTED', 'nobody waits for the answer any more'))
    }
    running.wake?.()
  }

  /** Never rejects. */
  async #answer(id: number, running: Running, stream: boolean, handle: () => unknown): Promise<void> {
    try {
      const value = await handle()
      if (stream) await this.#stream(id, running, value)
      else if (this.#running.get(id) === running) this.#put(FrameType.reply, id, value)
    } catch (error) {
      if (this.#running.get(id) === running) this.#fail(id, error)
    } finally {
      if (this.#running.get(id) === running) this.#running.delete(id)
    }
  }

  async #stream(id: number, running: Running, items: unknown): Promise<void> {
    const { signal } = running.controller
    const iterable = items as AsyncIterable<unknown> & Iterable<unknown>
    const make = iterable?.[Symbol.asyncIterator] ?? iterable?.[Symbol.iterator]
    if (typeof make !== 'function')
      throw new EventsError('ERR_HANDLER_FAILED', 'the handler does not return a stream; use request()')
    const iterator = make.call(iterable)
    try {
      while (!signal.aborted) {
        if (running.credit <= 0) {
          await new Promise<void>((resolve) => {
            running.wake = resolve
          })
          continue
        }
        const { value, done } = await iterator.next()
        if (signal.aborted) return
        if (done === true) {
          this.#wire.put(FrameType.end, 0, '', id)
          return
        }
        running.credit--
        this.#put(FrameType.item, id, value)
        await this.#wire.flowing()
      }
    } finally {
      void Promise.resolve(iterator.return?.()).catch(() => {})
    }
  }

  #put(type: number, id: number, value: unknown): void {
    const { flags, payload } = encode(value, this.#mostBytes())
    this.#wire.put(type, flags, '', id, payload)
  }

  #fail(id: number, error: unknown): void {
    this.#wire.put(FrameType.failure, 0, '', id, JSON.stringify(toWire(error)))
  }

  /** The connection is gone. */
  detach(): void {
    for (const running of this.#running.values()) {
      running.controller.abort(new EventsError('ERR_DISCONNECTED', 'the connection was lost'))
      running.wake?.()
    }
    this.#running.clear()
  }
}

/** RequestHandler: runs the handlers of requests that arrive, sends their answers. */
import { failure, RemoteError, toWire, type WireError } from '../errors/errors.ts'
import { isThenable } from '../handlers/listeners.ts'
import { FrameType, u32 } from '../wire/frame.ts'
import type { FlowControl } from './flow-control.ts'
import type { MessagePipeline } from './message-pipeline.ts'
import type { ChannelOwner } from './owner.ts'
import type { Emitter } from './emitter.ts'
import { InputStream } from './input-stream.ts'
import { isStream, RunningRequest } from './running-request.ts'

/** What the other end asks of this one: the handlers, and their answers. */
export class RequestHandler {
  readonly #owner: ChannelOwner
  readonly #pipeline: MessagePipeline
  readonly #flow: FlowControl
  readonly #emitter: Emitter
  readonly #running = new Map<number, RunningRequest>()
  #open = 0
  /** Handlers that have not ended, whether an answer is wanted or not. */
  #handlers = 0

  constructor(owner: ChannelOwner, pipeline: MessagePipeline, flow: FlowControl, emitter: Emitter) {
    this.#owner = owner
    this.#pipeline = pipeline
    this.#flow = flow
    this.#emitter = emitter
  }

  /** How many requests are being handled. */
  get open(): number {
    return this.#open
  }

  /** @param streamed - the input is a stream, and comes in frames of its own */
  // One parameter for each part of the frame: an object would be made for every request.
  // oxlint-disable-next-line max-params
  request(
    name: string,
    id: number,
    stream: boolean,
    window: number,
    payload: unknown,
    streamed: boolean,
  ): void {
    const { handlers, elsewhere } = this.#owner
    const handler =
      handlers.requests.get(name) ?? elsewhere?.()?.handler(name) ?? handlers.handlerOfOthers(name)
    if (handler === undefined) {
      this.#fail(id, failure('request', 'ERR_NO_HANDLER', `nobody handles '${name}'`))
      return
    }
    if (this.#running.has(id)) {
      throw failure('read', 'ERR_PROTOCOL', `a request with the id of one that is under way, ${id}`)
    }
    if (this.#handlers >= this.#owner.settings.maxRequests) {
      this.#fail(id, failure('request', 'ERR_TOO_MANY_REQUESTS', `${this.#handlers} requests are under way`))
      return
    }
    const running = new RunningRequest(name, stream ? 'stream' : 'request', this.#owner.peer, window)
    if (streamed) running.input = this.#inputOf(id)
    const input = running.input ?? payload
    const handle = (checked: unknown): unknown =>
      (handler as (input: unknown, context: unknown) => unknown)(checked, running)
    let result: unknown
    try {
      result = this.#pipeline.isEmpty
        ? handle(input)
        : this.#pipeline.run(stream ? 'stream' : 'request', name, input, false, handle)
      if (!stream && !isThenable(result)) {
        this.#reply(id, result)
        running.input?.fail(answered())
        return
      }
    } catch (error) {
      this.#fail(id, error)
      running.input?.fail(answered())
      return
    }
    this.#running.set(id, running)
    void this.#finish(id, running, stream, result)
  }

  /** Counts a handler until it has ended: a reader that has left ends no generator that hangs. */
  async #finish(id: number, running: RunningRequest, stream: boolean, result: unknown): Promise<void> {
    this.#handlers++
    await this.#answer(id, running, stream, result)
    await running.stopped
    this.#handlers--
  }

  /** Answers when the handler is done; never rejects. */
  async #answer(id: number, running: RunningRequest, stream: boolean, result: unknown): Promise<void> {
    this.#open++
    try {
      const value = await result
      if (running.cancelled) return
      if (stream) await this.#stream(id, running, value)
      else this.#reply(id, value)
    } catch (error) {
      if (!running.cancelled) this.#fail(id, error)
    } finally {
      this.#open--
      running.input?.fail(answered())
      if (this.#running.get(id) === running) this.#running.delete(id)
    }
  }

  async #stream(id: number, running: RunningRequest, items: unknown): Promise<void> {
    if (!isStream(items)) {
      throw failure(
        'handle',
        'ERR_HANDLER_FAILED',
        `the handler of '${running.name}' does not return a stream; use request()`,
      )
    }
    await running.pump(items, (item) => {
      if (running.cancelled) return undefined
      this.#emitter.answerWith(FrameType.item, id, item)
      return this.#flow.whenFlowing()
    })
    if (!running.cancelled) this.#emitter.answer(FrameType.end, 0, id, undefined)
  }

  #reply(id: number, value: unknown): void {
    try {
      if (isStreamOnly(value))
        throw failure(
          'handle',
          'ERR_HANDLER_FAILED',
          'the handler returns a stream of answers, and was asked for one: ask for the stream',
        )
      this.#emitter.answerWith(FrameType.reply, id, value)
    } catch (error) {
      this.#fail(id, error)
    }
  }

  #inputOf(id: number): InputStream {
    const { link } = this.#flow
    return new InputStream({
      credit: (bytes) => link?.outbox.putUnheld(FrameType.inputCredit, id, u32(bytes)),
      stop: () => link?.outbox.putUnheld(FrameType.inputStop, id, undefined),
    })
  }

  /** @param size - the bytes of its frame */
  input(id: number, value: unknown, size: number): void {
    this.#running.get(id)?.input?.item(value, size)
  }

  inputEnded(id: number): void {
    this.#running.get(id)?.input?.end()
  }

  inputFailed(id: number, error: WireError): void {
    this.#running.get(id)?.input?.fail(new RemoteError(error))
  }

  /** Answers a request with an error; it is the caller's, so it is not reported here. */
  #fail(id: number, error: unknown): void {
    this.#emitter.answer(FrameType.failure, 0, id, JSON.stringify(toWire(error)))
  }

  cancel(id: number): void {
    const running = this.#running.get(id)
    this.#running.delete(id)
    running?.cancel()
  }

  credit(id: number, items: number): void {
    this.#running.get(id)?.addCredit(items)
  }

  /** The connection is gone: nobody waits for answers. */
  detach(): void {
    for (const running of this.#running.values()) running.cancel()
    this.#running.clear()
  }
}

/** What a reader of the input hears that goes on when the request is answered. */
const answered = (): Error => failure('read', 'ERR_CLOSED', 'the request was answered before its input ended')

/** An async iterable cannot be a plain reply. */
const isStreamOnly = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

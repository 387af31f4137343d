/** Requester: sends the requests of this end. */
import type { Check } from '../contract/contract.ts'
import type { Codec } from '../codecs/codec.ts'
import { asError, failure, toWire, type WireError } from '../errors/errors.ts'
import { isThenable } from '../handlers/listeners.ts'
import { encodeFrame, Flag, FrameType, HEADER_ID_BYTES, u32 } from '../wire/frame.ts'
import { INPUT_OPTION } from '../wire/handshake-messages.ts'
import type { Link } from '../wire/link.ts'
import { isStreamedInput, releaseInput, StreamedInput } from './input-source.ts'
import { PendingRequests, type RequestSettings, type ReplyReceiver } from './pending-requests.ts'
import type { FlowControl } from './flow-control.ts'
import { bytesFlag, checkSize, encodePayload } from './payload.ts'

/** What this end asks the other: requests, and the answers to them. */
export class Requester {
  readonly #flow: FlowControl
  readonly #codec: Codec
  readonly #checkOf: ((name: string) => Check | undefined) | undefined
  readonly #pending: PendingRequests

  /**
   * @param checkOf - what checks the replies to a request
   * @param whyAway - the reason why there is no connection
   */
  constructor(
    flow: FlowControl,
    codec: Codec,
    checkOf: ((name: string) => Check | undefined) | undefined,
    whyAway: (() => Error | undefined) | undefined,
  ) {
    this.#flow = flow
    this.#codec = codec
    this.#checkOf = checkOf
    this.#pending = new PendingRequests((id, sent) => {
      if (sent) flow.link?.outbox.putUnheld(FrameType.cancel, id, undefined)
      else flow.queue.remove((item) => item.call === id)
    }, whyAway)
  }

  /** How many have no answer yet. */
  get size(): number {
    return this.#pending.size
  }

  /** Opens a request, now or when there is room. */
  call(
    action: string,
    waiting: ReplyReceiver,
    settings: RequestSettings,
    input: unknown,
    window: number,
  ): number {
    const flow = this.#flow
    const { closed } = flow
    if (closed?.own === true) throw closed.error(action)
    if (closed !== undefined) {
      releaseInput(input)
      waiting.fail(closed.error(action))
      return 0
    }
    const nameId = flow.names.idOf(settings.name)
    const streamed = isStreamedInput(input)
    const payload = streamed ? undefined : encodePayload(this.#codec, input)
    checkSize(action, payload, flow.mostBytes)
    const flags = (streamed ? Flag.input : bytesFlag(input)) | (settings.stream ? Flag.stream : 0)
    const size = (payload?.length ?? 0) + HEADER_ID_BYTES
    const id = this.#pending.open(waiting, settings, window)
    if (streamed) this.#pending.setInput(id, this.#sourceOf(action, id, input))
    // The upper half of the id of a stream's request is the window that it begins with.
    const wireId = settings.stream ? id + window * 0x1_0000_0000 : id
    const write = (): void => {
      if (this.#pending.get(id) === undefined) return
      const link = flow.direct()
      if (link !== undefined) {
        if (streamed && !this.#takesInput(link, id)) return
        flow.announce(link, nameId)
        link.outbox.put(FrameType.request, flags, nameId, wireId, payload)
        this.#pending.markSent(id)
        return
      }
      flow.queueAnyway({
        frame: encodeFrame(FrameType.request, flags, nameId, wireId, payload),
        call: id,
        drop: (reason) => this.giveUp(id, reason()),
        sent: (to) => {
          if (streamed && !this.#takesInput(to, id)) return false
          this.#pending.markSent(id)
          return undefined
        },
      })
    }
    if (flow.full(size)) {
      flow
        .whenFull(action, size, () => Promise.resolve(write()))
        .catch((error: unknown) => {
          this.giveUp(id, asError(error))
        })
    } else write()
    return id
  }

  /** False when the other end knows no streamed input: then the request has failed. */
  #takesInput(link: Link, id: number): boolean {
    if (link.knows(INPUT_OPTION)) return true
    const detail = 'an input that is a stream, which the version of the other end does not know'
    this.giveUp(id, failure('request', 'ERR_UNSUPPORTED_OPTION', detail))
    return false
  }

  #sourceOf(action: string, id: number, input: object): StreamedInput {
    const flow = this.#flow
    return new StreamedInput(input, {
      whenFlowing: () => flow.whenFlowing(),
      put: (part) => {
        const payload = encodePayload(this.#codec, part)
        checkSize(action, payload, flow.mostBytes)
        const outbox = flow.link?.outbox
        if (outbox === undefined) return 0
        outbox.put(FrameType.input, bytesFlag(part), 0, id, payload)
        const { at, end, own } = outbox.placed
        return end - at + (own?.length ?? 0)
      },
      ended: () => flow.link?.outbox.put(FrameType.inputEnd, 0, 0, id, undefined),
      failed: (reason) => {
        flow.link?.outbox.put(FrameType.inputFailure, 0, 0, id, JSON.stringify(toWire(reason)))
        this.giveUp(id, reason)
      },
      waits: (forOther) => this.#pending.count(id, forOther),
    })
  }

  /** The other end takes so many more bytes of an input. */
  inputCredit(id: number, bytes: number): void {
    this.#pending.inputOf(id)?.addCredit(bytes)
  }

  /** The other end wants no more of an input. */
  inputStopped(id: number): void {
    this.#pending.inputOf(id)?.stop()
    this.#pending.count(id, true)
  }

  /** Lets the other end send so many more items of a stream. */
  credit(id: number, items: number): void {
    this.#pending.addCredit(id, items)
    this.#flow.link?.outbox.putUnheld(FrameType.credit, id, u32(items))
  }

  /** Ends a request from this side, and sends CANCEL. */
  giveUp(id: number, reason: Error): void {
    this.#pending.giveUp(id, reason)
  }

  /** A reply came, or an item of a stream. */
  answered(id: number, isItem: boolean, value: unknown): void {
    const call = this.#pending.get(id)
    if (call === undefined) return
    if (call.stream !== isItem) {
      throw failure(
        'read',
        'ERR_PROTOCOL',
        call.stream ? 'a reply to a stream' : 'an item that is not of a stream',
      )
    }
    if (isItem && --call.credit < 0) throw failure('read', 'ERR_PROTOCOL', 'an item beyond the window')
    const check = this.#checkOf?.(call.name)
    if (check === undefined) this.#pass(id, isItem, value)
    else this.#passChecked(id, isItem, value, check)
  }

  #pass(id: number, isItem: boolean, value: unknown): void {
    if (isItem) this.#pending.item(id, value)
    else this.#pending.reply(id, value)
  }

  #passChecked(id: number, isItem: boolean, value: unknown, check: Check): void {
    const failed = (error: unknown): void => this.giveUp(id, asError(error))
    try {
      const result = check(value)
      if (isThenable(result)) result.then((checked) => this.#pass(id, isItem, checked), failed)
      else this.#pass(id, isItem, result)
    } catch (error) {
      failed(error)
    }
  }

  failed(id: number, error: WireError): void {
    this.#pending.fail(id, error)
  }

  ended(id: number): void {
    this.#pending.end(id)
  }

  /** The connection is gone: fails the requests that were written, or all of them. */
  disconnect(reason: Error, all: boolean): void {
    this.#pending.disconnect(reason, all)
  }
}

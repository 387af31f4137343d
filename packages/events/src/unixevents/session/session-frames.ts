/** The frames of unixevents as messages of the native protocol (PROTOCOL.md). */
import type { EndOptions } from '../../end/options.ts'
import type { AnyMap } from '../../map.ts'
import type { TextCodec } from '../../codecs/codec.ts'
import { FrameDecoder } from '../frames/frame-decoder.ts'
import type { Prefix } from '../frames/frame-encoder.ts'
import { PrefixFilter } from '../frames/prefix-filter.ts'
import type { LinkLimits } from '../connection/link.ts'
import type { SendDone } from '../connection/pending-frames.ts'
import { failure } from '../../errors/errors.ts'

/** The name of the native event: a SEND whose payload is a frame of unixevents as it is, with its end mark. */
export const FRAME_EVENT = 'unixevents'

/** So a message means the same before and after the switch, whatever it is. */
export const frameCodec: TextCodec = {
  name: 'unixevents',
  kind: 'text',
  encode: (frame) => frame as string,
  decode: (frame) => frame,
}

/** The header of a SEND, and the end mark. */
const AROUND_FRAME = 64

/** Every end reads a message of so many bytes, whatever its `maxFrameBytes`, which is for each frame in it. */
const LEAST_MESSAGE = 64 * 1024

/** How many characters of frames go together: 48 KiB of UTF-8 at most. */
const MAX_BATCH = 16 * 1024

/** A longer frame goes alone: a message that is refused, as a frame in it is too large, is refused as a whole. */
const MAX_SHORT = 1024

/** The options of a native end: {@link SessionSender} counts what waits, so nothing else limits it. */
export const sessionOptions = ({ maxFrameBytes }: LinkLimits): EndOptions<AnyMap> => {
  const unlimited = { policy: 'fail', limit: Infinity, limitBytes: Infinity } as const
  return {
    maxFrame: Math.max(LEAST_MESSAGE, Math.ceil(maxFrameBytes) + AROUND_FRAME),
    maxUnacknowledged: Infinity,
    offline: unlimited,
    outgoing: unlimited,
  }
}

/**
 * Reads the frames that arrive by one native session; what it returns is the end of the handling.
 *
 * @throws SocketError `ERR_FRAME_TOO_LARGE` for a frame over the limit: the sender gets the same code.
 */
export const frameReader = (
  own: Prefix,
  limits: LinkLimits,
  sink: { event(name: string, payload: unknown): boolean; failed(error: Error): void },
): ((frames: unknown) => void | Promise<void>) => {
  const prefix = new PrefixFilter(own)
  let heard = true
  let refusal: Error | undefined
  const newDecoder = (): FrameDecoder =>
    new FrameDecoder(
      {
        frame: (event, payload) => {
          const name = prefix.nameOf(event)
          if (heard && name !== undefined) heard = sink.event(name, payload)
        },
        skipped: (reason) => sink.failed(failure('receive', 'ERR_BAD_PAYLOAD', reason)),
        broken: (code, reason) => {
          refusal = failure(
            'receive',
            code === 'EMSGSIZE' ? 'ERR_FRAME_TOO_LARGE' : 'ERR_BAD_PAYLOAD',
            reason,
          )
        },
      },
      limits,
    )
  let decoder = newDecoder()
  return (frames) => {
    decoder.pushText(String(frames))
    if (refusal) {
      const error = refusal
      refusal = undefined
      decoder = newDecoder()
      throw error
    }
    return heard ? undefined : never()
  }
}

/** What nobody has heard is never acknowledged: its sender keeps it for the next end. */
const never = (): Promise<void> => new Promise(() => {})

/** The two native ends have this in common: it resolves when the other end has handled the message. */
export interface Acknowledging {
  send(name: string, data: unknown): Promise<void>
}

/** Frames that go together. */
interface Batch {
  readonly over: Acknowledging
  text: string
  count: number
  /** By the number of the frame in the text. */
  done: (SendDone | undefined)[] | undefined
}

/** Counts what was sent and not acknowledged, and keeps it within the bound. */
export class SessionSender {
  readonly #maxLength: number
  #whenNone: (() => void) | undefined
  readonly #failed: (frame: string, done: SendDone | undefined, error: Error) => void
  #length = 0
  #open = 0
  /** What was sent in this run of JavaScript after the first frame. */
  #batch: Batch | undefined

  /** @param failed - called, in the order of sending, for what will never be acknowledged. */
  constructor(maxLength: number, failed: (frame: string, done: SendDone | undefined, error: Error) => void) {
    this.#maxLength = maxLength
    this.#failed = failed
  }

  /** How many messages are not acknowledged. */
  get open(): number {
    return this.#open
  }

  /** The connection is gone: no acknowledgement arrives on it. */
  disconnected(): void {
    this.#whenNone?.()
  }

  /** Resolves when every message is acknowledged, the connection is gone, or after `ms` milliseconds. */
  async noneOpen(ms: number): Promise<void> {
    if (this.#open === 0 || ms <= 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#whenNone = resolve
    const timer = setTimeout(resolve, ms)
    await promise
    clearTimeout(timer)
  }

  /** Counts a frame; false when it would exceed the bound. */
  take(frame: string): boolean {
    if (this.#length > 0 && this.#length + frame.length > this.#maxLength) return false
    this.#length += frame.length
    this.#open += 1
    return true
  }

  /**
   * Sends a frame that was counted. Short frames of one run of JavaScript go together, but for the first: one message of
   * the native protocol, and one acknowledgement, for all of them.
   */
  send(over: Acknowledging, frame: string, done: SendDone | undefined): void {
    const batch = this.#batch
    const fits = batch !== undefined && batch.text.length + frame.length <= MAX_BATCH
    if (fits && batch.over === over && frame.length <= MAX_SHORT) {
      if (done) (batch.done ??= [])[batch.count] = done
      batch.text += frame
      batch.count += 1
      return
    }
    this.#flush()
    if (batch === undefined) process.nextTick(this.#endOfTurn)
    if (batch === undefined || frame.length > MAX_SHORT) {
      this.#sendNow({ over, text: frame, count: 1, done: done && [done] })
      this.#batch = { over, text: '', count: 0, done: undefined }
    } else this.#batch = { over, text: frame, count: 1, done: done && [done] }
  }

  readonly #endOfTurn = (): void => {
    this.#flush()
    this.#batch = undefined
  }

  #flush(): void {
    if (this.#batch && this.#batch.count > 0) this.#sendNow(this.#batch)
  }

  #sendNow(batch: Batch): void {
    const settled = (error: Error | undefined): void => this.#settled(batch, error)
    batch.over.send(FRAME_EVENT, batch.text).then(() => settled(undefined), settled)
  }

  #settled({ text, count, done }: Batch, error: Error | undefined): void {
    this.#length -= text.length
    this.#open -= count
    if (this.#open === 0) this.#whenNone?.()
    if (error) for (const [at, frame] of framesOf(text).entries()) this.#failed(frame, done?.[at], error)
    else if (done) for (const callback of done) callback?.()
  }
}

/** The frames of a text; no frame has `;;` but at its end. */
const framesOf = (text: string): string[] =>
  text
    .split(';;')
    .slice(0, -1)
    .map((frame) => `${frame};;`)

// The frames of unixevents as messages of the native protocol (PROTOCOL.md).
import type { EndOptions } from '../../end/options.ts'
import type { AnyMap } from '../../map.ts'
import type { TextCodec } from '../../codecs/codec.ts'
import { FrameDecoder } from '../frames/frame-decoder.ts'
import type { Prefix } from '../frames/frame-encoder.ts'
import { PrefixFilter } from '../frames/prefix-filter.ts'
import type { LinkLimits } from '../connection/link.ts'
import type { SendDone } from '../connection/pending-frames.ts'
import { failure } from '../../errors.ts'

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
const LEAST_FRAME = 1024

/** The options of a native end: {@link SessionSender} counts what waits, so nothing else limits it. */
export const sessionOptions = ({ maxFrameBytes }: LinkLimits): EndOptions<AnyMap> => {
  const unlimited = { policy: 'fail', limit: Infinity, limitBytes: Infinity } as const
  return {
    maxFrame: Math.max(LEAST_FRAME, Math.ceil(maxFrameBytes) + AROUND_FRAME),
    maxUnacknowledged: Infinity,
    offline: unlimited,
    outgoing: unlimited,
  }
}

/** Reads the frames that arrive by one native session; what it returns is the end of the handling. */
export const frameReader = (
  own: Prefix,
  limits: LinkLimits,
  sink: { event(name: string, payload: unknown): boolean; failed(error: Error): void },
): ((frame: unknown) => void | Promise<void>) => {
  let heard = true
  const prefix = new PrefixFilter(own)
  const bad = (reason: string): void => sink.failed(failure('receive', 'ERR_BAD_PAYLOAD', reason))
  const decoder = new FrameDecoder(
    {
      frame: (event, payload) => {
        const name = prefix.nameOf(event)
        if (name !== undefined && !sink.event(name, payload)) heard = false
      },
      skipped: bad,
      broken: (_, reason) => bad(reason),
    },
    limits,
  )
  return (frame) => {
    decoder.pushText(String(frame))
    return heard ? undefined : never()
  }
}

/** What nobody has heard is never acknowledged: its sender keeps it for the next end. */
const never = (): Promise<void> => new Promise(() => {})

/** The two native ends have this in common: it resolves when the other end has handled the message. */
export interface Acknowledging {
  send(name: string, data: unknown): Promise<void>
}

/** Counts what was sent and not acknowledged, and keeps it within the bound. */
export class SessionSender {
  readonly #maxLength: number
  #whenNone: (() => void) | undefined
  readonly #failed: (frame: string, done: SendDone | undefined, error: Error) => void
  #length = 0
  #open = 0

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

  /** Sends a frame that was counted. */
  send(over: Acknowledging, frame: string, done: SendDone | undefined): void {
    const settled = (error: Error | undefined): void => {
      this.#length -= frame.length
      this.#open -= 1
      if (this.#open === 0) this.#whenNone?.()
      if (error) this.#failed(frame, done, error)
      else done?.()
    }
    over.send(FRAME_EVENT, frame).then(() => settled(undefined), settled)
  }
}

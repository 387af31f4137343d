/** Dispatcher: each frame that arrives goes to its consumer. */
import type { Codec, CodecLimits } from '../codecs/codec.ts'
import { failure, fromWire, RemoteError } from '../errors/errors.ts'
import { FIRST_OPTIONAL_TYPE, Flag, FrameType, HEADER_ID_BYTES, KNOWN_FLAGS, readU64 } from '../wire/frame.ts'
import type { Link } from '../wire/link.ts'
import type { RequestHandler } from './request-handler.ts'
import type { Requester } from './requester.ts'
import type { EventReceiver } from './event-receiver.ts'
import { decodeJson, decodeName, decodePayload } from './payload.ts'
import type { Pings } from './pings.ts'
import type { ReliableSender } from './reliable-sender.ts'

/** Who deals with what kind of frame. */
export interface FrameConsumers {
  readonly events: EventReceiver
  readonly requestHandler: RequestHandler
  readonly requester: Requester
  readonly sender: ReliableSender
  readonly pings: Pings
}

/** Reads the frames that arrive, and passes each to its consumer. */
export class Dispatcher {
  readonly #codec: Codec
  readonly #limits: CodecLimits
  readonly #consumers: FrameConsumers
  readonly #events: EventReceiver

  constructor(codec: Codec, limits: CodecLimits, desks: FrameConsumers) {
    this.#codec = codec
    this.#limits = limits
    this.#consumers = desks
    this.#events = desks.events
  }

  /**
   * Takes one frame: the bytes from its type on.
   *
   * @throws SocketError why the connection has to end
   */
  frame(link: Link, buffer: Buffer, start: number, end: number): void {
    const type = buffer[start] as number
    const flags = buffer[start + 1] as number
    const nameId = (buffer[start + 2] as number) | ((buffer[start + 3] as number) << 8)
    const body = start + 4
    if ((flags & ~KNOWN_FLAGS & ~Flag.optional) !== 0) {
      throw failure('read', 'ERR_PROTOCOL', `a frame with the unknown flags ${flags}`)
    }
    if (type === FrameType.emit) {
      this.#events.event(link.names.get(nameId), this.#value(link, flags, buffer, body, end))
      return
    }
    if (type === FrameType.name) {
      link.names.learn(nameId, decodeName(buffer, body, end, flags))
      return
    }
    if (type === FrameType.goodbye) {
      link.closeReason = new RemoteError(fromWire(decodeJson(buffer, body, end, flags)))
      return
    }
    if (type >= FIRST_OPTIONAL_TYPE) return
    if (end - body < 8) throw failure('read', 'ERR_PROTOCOL', `a frame of type ${type} without an id`)
    const id = readU64(buffer, body)
    if (!Number.isSafeInteger(id)) throw failure('read', 'ERR_PROTOCOL', 'an id above 2^53')
    this.#identified(link, type, flags, nameId, id, buffer, body + 8, end)
  }

  // One parameter for each part of the frame: an object would be made for every message.
  // oxlint-disable-next-line max-params
  #identified(
    link: Link,
    type: number,
    flags: number,
    nameId: number,
    id: number,
    buffer: Buffer,
    body: number,
    end: number,
  ): void {
    const { requestHandler, requester, sender, pings } = this.#consumers
    switch (type) {
      case FrameType.send: {
        const name = link.names.get(nameId)
        if (!this.#events.isNew(id)) return
        const repeated = (flags & Flag.redelivered) !== 0
        this.#events.send(name, id, this.#value(link, flags, buffer, body, end), repeated, end - body)
        return
      }
      case FrameType.ack:
        sender.settle(id, countIn(buffer, body, end, 'an acknowledgement'), undefined)
        return
      case FrameType.nack:
        sender.settle(id, 1, new RemoteError(fromWire(decodeJson(buffer, body, end, flags))))
        return
      case FrameType.defer:
        sender.defer(id, countIn(buffer, body, end, 'a deferral'))
        return
      case FrameType.request:
        requestHandler.request(
          link.names.get(nameId),
          id % 0x1_0000_0000,
          (flags & Flag.stream) !== 0,
          Math.floor(id / 0x1_0000_0000),
          this.#value(link, flags, buffer, body, end),
          (flags & Flag.input) !== 0,
        )
        return
      case FrameType.reply:
      case FrameType.item:
        requester.answered(id, type === FrameType.item, this.#value(link, flags, buffer, body, end))
        return
      case FrameType.failure:
        requester.failed(id, fromWire(decodeJson(buffer, body, end, flags)))
        return
      case FrameType.end:
        requester.ended(id)
        return
      case FrameType.cancel:
        requestHandler.cancel(id)
        return
      case FrameType.credit:
        requestHandler.credit(id, countIn(buffer, body, end, 'a credit'))
        return
      case FrameType.input:
        requestHandler.input(id, this.#value(link, flags, buffer, body, end), end - body + HEADER_ID_BYTES)
        return
      case FrameType.inputEnd:
        requestHandler.inputEnded(id)
        return
      case FrameType.inputFailure:
        requestHandler.inputFailed(id, fromWire(decodeJson(buffer, body, end, flags)))
        return
      case FrameType.inputCredit:
        requester.inputCredit(id, countIn(buffer, body, end, 'a credit'))
        return
      case FrameType.inputStop:
        requester.inputStopped(id)
        return
      case FrameType.ping:
        link.outbox.putUnheld(FrameType.pong, id, undefined)
        return
      case FrameType.pong:
        pings.answered(id)
        return
      default:
        throw failure('read', 'ERR_PROTOCOL', `a frame of the unknown type ${type}`)
    }
  }

  #value(link: Link, flags: number, buffer: Buffer, at: number, end: number): unknown {
    return decodePayload(this.#codec, this.#limits, link, flags, buffer, at, end)
  }
}

const countIn = (buffer: Buffer, at: number, end: number, what: string): number => {
  if (end - at < 4) throw failure('read', 'ERR_PROTOCOL', `${what} without a count`)
  return buffer.readUInt32LE(at)
}

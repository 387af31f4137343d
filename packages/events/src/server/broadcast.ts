/** Broadcaster: one message to all peers, or to those of rooms. */
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import { checkEventName, checkName } from '../names.ts'
import type { Codec } from '../codecs/codec.ts'
import { bytesFlag, checkSize, encodePayload } from '../channel/payload.ts'
import { asError, failure } from '../errors/errors.ts'
import type { DataArgument, EventName, ToClient } from '../map.ts'
import { encodeFrame, FrameType } from '../wire/frame.ts'
import type { OutgoingNames } from '../wire/interned-names.ts'
import type { MissedLimits } from '../channel/emitter.ts'
import type { RoomBroadcast } from './adapter.ts'
import type { ServerPeer } from './peer.ts'
import type { Rooms } from './rooms.ts'

/** Whom an `EventServer.broadcast` reaches. */
export interface BroadcastOptions<M extends object> {
  /** Not to this peer, or these. */
  readonly except?: ServerPeer<M> | Iterable<ServerPeer<M>> | undefined
  /** Only to those in one of these rooms. */
  readonly rooms?: string | Iterable<string> | undefined
}

const BROADCAST_OPTIONS = optionNames<BroadcastOptions<object>>({ except: true, rooms: true })

/** Where an `EventServer.to` leads. */
export interface RoomTarget<M extends object> {
  /** More rooms. */
  to(...rooms: string[]): RoomTarget<M>
  /** Without these peers. */
  except(...peers: ServerPeer<M>[]): RoomTarget<M>
  /** Sends an event to everybody in the rooms; see `EventServer.broadcast`. */
  emit<N extends EventName<ToClient<M>>>(name: N, ...data: DataArgument<ToClient<M>[N]>): boolean
}

/** What a {@link Broadcaster} needs of its server. */
export interface BroadcastContext<M extends object> {
  readonly names: OutgoingNames
  readonly rooms: Rooms<ServerPeer<M>>
  readonly connected: ReadonlySet<ServerPeer<M>>
  /** The connected and the absent. */
  all(): Iterable<ServerPeer<M>>
  /** What is kept for those that are away; undefined: nothing. */
  readonly missed: MissedLimits | undefined
  /** Carries what was said to other servers; false when enough is on its way to them. */
  said(broadcast: RoomBroadcast): boolean
  /** Peers whose queue is full are left out, and not disconnected. */
  readonly skipsSlow: boolean
  report(error: Error, peer: ServerPeer<M>): void
}

const iterable = <T extends object>(value: T | Iterable<T> | undefined): Iterable<T> => {
  if (value === undefined) return []
  return Symbol.iterator in value ? value : [value]
}

/** Says one thing to many peers, and encodes it once for each codec. */
export class Broadcaster<M extends object> {
  readonly #context: BroadcastContext<M>

  constructor(audience: BroadcastContext<M>) {
    this.#context = audience
  }

  broadcast(name: string, data: unknown, options: BroadcastOptions<M>): boolean {
    checkEventName('broadcast', name)
    checkOptions(options, 'broadcast', BROADCAST_OPTIONS)
    const { rooms, except } = options
    const among = rooms === undefined ? undefined : typeof rooms === 'string' ? [rooms] : [...rooms]
    const without = new Set(iterable(except))
    const goesOn = this.deliver(name, data, among, (peer) => without.has(peer))
    const said = this.#context.said({ name, data, rooms: among, except: [...without].map(({ id }) => id) })
    return goesOn && said
  }

  /** Says it to the clients of this server only. */
  deliver(
    name: string,
    data: unknown,
    rooms: readonly string[] | undefined,
    isLeftOut: (peer: ServerPeer<M>) => boolean,
  ): boolean {
    const { connected, names, rooms: all, missed } = this.#context
    const everybody = missed === undefined ? connected : this.#context.all()
    const among = rooms === undefined ? everybody : all.members(rooms)
    const nameId = names.idOf(name)
    const frames = new Map<Codec, Buffer>()
    let goesOn = true
    for (const peer of among) {
      if ((!peer.connected && missed === undefined) || isLeftOut(peer)) continue
      const { codec } = peer.channel
      let frame = frames.get(codec)
      if (frame === undefined) {
        frame = encodeFrame(FrameType.emit, bytesFlag(data), nameId, -1, encodePayload(codec, data))
        frames.set(codec, frame)
      }
      if (peer.connected) goesOn = this.#emitTo(peer, frame, nameId) && goesOn
      else if (missed !== undefined) peer.channel.emitter.keepMissed(frame, missed)
    }
    return goesOn
  }

  #emitTo(peer: ServerPeer<M>, frame: Buffer, nameId: number): boolean {
    const { link, flow, emitter } = peer.channel
    try {
      if (frame.length > flow.mostBytes) checkSize('broadcast', frame, flow.mostBytes)
      return emitter.emitEncoded(frame, nameId)
    } catch (error) {
      this.#context.report(asError(error), peer)
      if ((error as { code?: unknown }).code === 'ERR_QUEUE_FULL' && !this.#context.skipsSlow) {
        link?.fail(failure('broadcast', 'ERR_SLOW_CONSUMER', 'the client does not read what is sent to it'))
      }
      return false
    }
  }

  to(rooms: readonly string[], without: readonly ServerPeer<M>[] = []): RoomTarget<M> {
    for (const room of rooms) checkName('to', room)
    return {
      to: (...more) => this.to([...rooms, ...more], without),
      except: (...peers) => this.to(rooms, [...without, ...peers]),
      emit: (name, ...data) => this.broadcast(name, data[0], { rooms, except: without }),
    }
  }
}

/** Link: one connection to one peer. */
import type { Duplex } from 'node:stream'
import { connectionFailure, failure } from '../../errors/errors.ts'
import { CONTROL_EVENT, controlFrame, readControl } from '../frames/control-message.ts'
import type { ControlMessage } from '../frames/control-message.ts'
import { FrameDecoder } from '../frames/frame-decoder.ts'
import type { Prefix } from '../frames/frame-encoder.ts'
import { PrefixFilter } from '../frames/prefix-filter.ts'
import { Outbox } from './outbox.ts'
import type { PendingFrame, SendDone } from './pending-frames.ts'
import { UpgradeOffer } from './upgrade-offer.ts'

/** What a {@link Link} reports to its owner. */
export interface LinkSink {
  /** The greeting of this end: at the start, under load, or as an answer. */
  greeting(): ControlMessage
  /** An event for this end, without its prefix. False when nobody listens any more: then nothing follows. */
  event(name: string, payload: unknown): boolean
  /** A control message of the other end, which is of this package. */
  control(control: ControlMessage): void
  /**
   * Both ends have left the frames of unixevents: the owner has the connection, the bytes read behind them, and the
   * results that were withheld.
   */
  switched(socket: Duplex, head: Uint8Array, results: readonly SendDone[]): void
  failed(error: Error): void
  /** Nothing can be sent any more; called once, with the frames that no write has begun with. */
  closed(unwritten: readonly PendingFrame[]): void
}

/** The limits of one connection. */
export interface LinkLimits {
  readonly maxFrameBytes: number
  readonly maxQueueBytes: number
}

/** One connection to one peer, in the frames of unixevents. */
export class Link {
  readonly #socket: Duplex
  readonly #sink: LinkSink
  readonly #outbox: Outbox
  readonly #decoder: FrameDecoder
  readonly #own: Prefix
  readonly #maxQueueBytes: number
  readonly #prefix: PrefixFilter
  readonly #head: Uint8Array[] = []
  #headLength = 0
  #saidHello = false
  #closing = false
  /** Something that the other end has sent was dropped: no switch may say that it was heard. */
  #unheard = false
  /** The last frame of this end waits, or was written. */
  #leaving = false
  #ended = false
  /** The other end may switch to the native protocol. */
  #agreed = false
  /** The other end has said that it is of this package. */
  #greeted = false
  #offer: UpgradeOffer | undefined
  /** The last frame of this end was written, and that of the other was read. */
  #left = false
  #arrived = false
  #handedOver = false

  /** @param own - the prefix that this end writes; it listens for the other one. */
  constructor(socket: Duplex, own: Prefix, limits: LinkLimits, sink: LinkSink) {
    this.#socket = socket
    this.#sink = sink
    this.#own = own
    this.#maxQueueBytes = limits.maxQueueBytes
    this.#prefix = new PrefixFilter(own)
    this.#outbox = new Outbox(socket, limits.maxQueueBytes, () => this.hello())
    this.#decoder = new FrameDecoder(
      {
        frame: (event, payload) => this.#frame(event, payload),
        skipped: (reason) => this.#sink.failed(failure('receive', 'ERR_BAD_PAYLOAD', reason)),
        broken: (code, reason) => this.#broken(code, reason),
      },
      limits,
    )
    socket.on('data', this.#read)
    socket.once('end', () => this.#peerEnded())
    socket.on('error', (error) => {
      if (!this.#handedOver) this.#sink.failed(connectionFailure('receive', error))
    })
    socket.once('close', () => {
      this.#end()
      this.#outbox.fail(gone())
    })
  }

  /** False when the peer is so slow that the frame would exceed the bound; `done` is not called then. */
  send(frame: string, done?: SendDone): boolean {
    if (this.#offer?.holding) return this.#offer.add(frame, done)
    return this.#outbox.push(frame, done)
  }

  /** This end has offered the native protocol: what is sent waits for the answer, for a moment. */
  offer(): void {
    if (this.#offer?.over === false || this.#ended || this.#closing) return
    this.#offer = new UpgradeOffer(this.#outbox, this.#maxQueueBytes)
  }

  /** What was sent still waits for the answer: the other end has heard nothing. */
  get holding(): boolean {
    return this.#offer?.holding === true
  }

  /** The other end goes on in the frames of unixevents. */
  refused(): void {
    this.#offer?.refused()
  }

  /** Resolves when no frame waits for the answer any more. */
  async noneHeld(): Promise<void> {
    await this.#offer?.noneHeld()
  }

  /** Removes the frames that wait for the answer. */
  takeHeld(): PendingFrame[] {
    return this.#offer?.take() ?? []
  }

  /** Sends the greeting of this end, once. */
  hello(): void {
    if (this.#saidHello) return
    this.sendControl(this.#sink.greeting())
  }

  /** Sends a control message, in front of all that waits. */
  sendControl(control: ControlMessage): void {
    if (this.#leaving) return
    if (control.hello === 1) this.#saidHello = true
    if (this.#outbox.pushFirst(controlFrame(this.#own, control)) || this.#socket.destroyed) return
    const detail = `more than ${this.#maxQueueBytes} bytes wait for a peer that asks, and does not read the answers`
    this.#sink.failed(failure('send', 'ERR_SLOW_CONSUMER', detail))
    this.destroy()
  }

  /** Both ends have agreed: from here on the other one may switch, and what is sent waits for that. */
  agree(): void {
    this.#agreed = true
    this.offer()
    this.#offer?.agreed()
  }

  /** Writes what waits, and then the last frame of this end. */
  leave(control: ControlMessage): void {
    this.agree()
    this.#leaving = true
    this.#outbox.pushLast(controlFrame(this.#own, control))
    this.#outbox.whenEmpty(() => {
      this.#left = true
      this.#handOver()
    })
  }

  /**
   * Writes what waits, then ends, and reads on until the peer has ended too: a reset, which unread bytes would cause,
   * kills a server of unixevents 1.5.2 and makes a Python server lose its clients. Destroys when the peer
   * has taken nothing for `graceMs`.
   */
  close(graceMs: number): Promise<void> {
    this.#closing = true
    if (this.#socket.closed) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    let before = this.#outbox.settled
    const timer = setInterval(() => {
      if (this.#outbox.settled === before) this.#socket.destroy()
      before = this.#outbox.settled
    }, graceMs)
    this.#socket.once('close', () => {
      clearInterval(timer)
      resolve()
    })
    this.#socket.resume()
    this.#offer?.release()
    this.#outbox.whenEmpty(() => {
      if (this.#offer) this.#offer.whenOver(() => this.#socket.end())
      else this.#socket.end()
    })
    return promise
  }

  destroy(): void {
    this.#socket.destroy()
  }

  readonly #read = (chunk: Buffer): void => {
    this.#decoder.push(chunk)
    this.#handOver()
  }

  #frame(event: string, payload: unknown): void {
    if (this.#closing || this.#unheard) return
    const name = this.#prefix.nameOf(event)
    if (name === undefined) return
    if (name === CONTROL_EVENT) this.#control(readControl(payload))
    else {
      // An end that offers says so first.
      if (this.#offer && !this.#greeted) this.#offer.refused()
      this.#unheard = !this.#sink.event(name, payload)
    }
  }

  #control(control: ControlMessage): void {
    if (control.hello === 1) {
      this.#greeted = true
      this.#outbox.stopThrottle()
    }
    if (control.closed !== undefined) {
      const reason = `the other end closed the connection: ${control.closed.slice(0, 500)}`
      this.#sink.failed(failure('receive', 'ERR_CLOSED', reason))
    }
    if (control.switch === 1) {
      if (!this.#agreed)
        return this.#broken('EPROTO', 'the other end switches to a protocol that was not agreed on')
      this.#arrived = true
      this.#decoder.handOver((bytes) => this.#keep(bytes))
    }
    this.#sink.control(control)
  }

  /** Keeps what follows the last frame of the other end until this one has written its own. */
  #keep(bytes: Uint8Array): void {
    this.#head.push(bytes.slice())
    this.#headLength += bytes.length
    if (this.#headLength > MAX_HEAD) this.#socket.pause()
  }

  #handOver(): void {
    if (!this.#left || !this.#arrived || this.#closing || this.#ended) return
    this.#handedOver = true
    this.#ended = true
    this.#socket.off('data', this.#read)
    this.#offer?.stop()
    if (this.#headLength > MAX_HEAD) this.#socket.resume()
    this.#sink.switched(this.#socket, Buffer.concat(this.#head), this.#outbox.takeResults())
  }

  #broken(code: 'EPROTO' | 'EMSGSIZE', reason: string): void {
    if (this.#closing) return
    this.#sink.failed(
      failure('receive', code === 'EMSGSIZE' ? 'ERR_FRAME_TOO_LARGE' : 'ERR_PROTOCOL', reason),
    )
    this.sendControl({ closed: reason })
    void this.close(BROKEN_GRACE_MS)
    this.#end()
  }

  #peerEnded(): void {
    if (this.#handedOver) return
    this.#decoder.end()
    this.#offer?.unanswered()
    this.#outbox.whenEmpty(() => this.#socket.end())
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    const closed = this.#socket.closed || this.#socket.destroyed
    this.#sink.closed(closed ? [...this.#outbox.takeUnwritten(), ...this.takeHeld()] : [])
    this.#offer?.stop()
  }
}

const gone = (): Error =>
  failure('send', 'ERR_DISCONNECTED', 'the connection was closed before this was written')

/** An end that has switched, and sends more than this, in bytes, before the other one could, is not read meanwhile. */
const MAX_HEAD = 64 * 1024

/** How long a peer that sent what cannot be read has to take the reason and go. */
const BROKEN_GRACE_MS = 1000

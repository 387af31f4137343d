import type { Duplex } from 'node:stream'
import { failure } from '../../errors.ts'
import { CONTROL_EVENT, controlFrame, readControl } from '../frames/control-message.ts'
import type { ControlMessage } from '../frames/control-message.ts'
import { FrameDecoder } from '../frames/frame-decoder.ts'
import type { Prefix } from '../frames/frame-encoder.ts'
import { PrefixFilter } from '../frames/prefix-filter.ts'
import { Outbox } from './outbox.ts'
import type { SendDone } from './outbox.ts'

/** What a {@link Link} reports to its owner. */
export interface LinkSink {
  /** The greeting of this end: at the start, under load, or as an answer. */
  greeting(): ControlMessage
  /** An event for this end, without its prefix. */
  event(name: string, payload: unknown): void
  /** A control message of the other end, which is of this package. */
  control(control: ControlMessage): void
  /** Both ends have left the frames of unixevents: the owner has the connection, and the bytes read behind them. */
  switched(socket: Duplex, head: Uint8Array): void
  failed(error: Error): void
  /** Nothing can be sent any more; called once. */
  closed(): void
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
  readonly #prefix: PrefixFilter
  readonly #head: Uint8Array[] = []
  #saidHello = false
  #closing = false
  /** The last frame of this end waits, or was written. */
  #leaving = false
  #ended = false
  /** The other end may switch to the native protocol. */
  #agreed = false
  /** The last frame of this end was written, and that of the other was read. */
  #left = false
  #arrived = false
  #handedOver = false

  /** @param own - the prefix that this end writes; it listens for the other one. */
  constructor(socket: Duplex, own: Prefix, limits: LinkLimits, sink: LinkSink) {
    this.#socket = socket
    this.#sink = sink
    this.#own = own
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
      if (!this.#handedOver) this.#sink.failed(error)
    })
    socket.once('close', () => this.#end())
  }

  /** False when the peer is so slow that the frame would exceed the bound; `done` is not called then. */
  send(frame: string, done?: SendDone): boolean {
    return this.#outbox.push(frame, done)
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
    this.#outbox.pushFirst(controlFrame(this.#own, control))
  }

  /** From here on the other end may switch. */
  agree(): void {
    this.#agreed = true
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
    this.#outbox.whenEmpty(() => this.#socket.end())
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
    if (this.#closing) return
    const name = this.#prefix.nameOf(event)
    if (name === undefined) return
    if (name === CONTROL_EVENT) this.#control(readControl(payload))
    else this.#sink.event(name, payload)
  }

  #control(control: ControlMessage): void {
    if (control.hello === 1) this.#outbox.stopThrottle()
    if (control.closed !== undefined) {
      const reason = `the other end closed the connection: ${control.closed.slice(0, 500)}`
      this.#sink.failed(failure('receive', 'ERR_CLOSED', reason))
    }
    if (control.switch === 1) {
      if (!this.#agreed)
        return this.#broken('EPROTO', 'the other end switches to a protocol that was not agreed on')
      this.#arrived = true
      this.#decoder.handOver((bytes) => this.#head.push(bytes.slice()))
    }
    this.#sink.control(control)
  }

  #handOver(): void {
    if (!this.#left || !this.#arrived || this.#closing || this.#ended) return
    this.#handedOver = true
    this.#ended = true
    this.#socket.off('data', this.#read)
    this.#sink.switched(this.#socket, Buffer.concat(this.#head))
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
    this.#outbox.whenEmpty(() => this.#socket.end())
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#socket.closed || this.#socket.destroyed) {
      this.#outbox.fail(
        failure('send', 'ERR_DISCONNECTED', 'the connection was closed before this was written'),
      )
    }
    this.#sink.closed()
  }
}

/** How long a peer that sent what cannot be read has to take the reason and go. */
const BROKEN_GRACE_MS = 1000

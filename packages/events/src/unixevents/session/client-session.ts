/** ClientSession: the native session of a client, after the upgrade. */
import type { Duplex } from 'node:stream'
import type { Transport } from '@uds/stream'
import { EventClient } from '../../client/client.ts'
import { failure } from '../../errors/errors.ts'
import type { PendingFrame } from '../connection/pending-frames.ts'
import type { LinkLimits } from '../connection/link.ts'
import { FRAME_EVENT, frameCodec, frameReader, sessionOptions, SessionSender } from './session-frames.ts'
import type { SendDone } from '../connection/pending-frames.ts'

/** What a {@link ClientSession} reports to its owner. */
export interface SessionSink {
  event(name: string, payload: unknown): boolean
  failed(error: Error): void
  /** Its connection is gone: another is wanted. */
  disconnected(): void
  /** It is over, and this was not acknowledged. Nothing more is taken. */
  over(held: readonly PendingFrame[]): void
}

/**
 * The native session of a client with its server: an `EventClient` that adopts connections, each after both ends have
 * agreed on the switch in the frames of unixevents. It outlives them, so nothing that was sent is lost with one.
 */
export class ClientSession {
  /** Hard to guess: a client that knows it gets what is meant for this one. */
  readonly id: string = crypto.randomUUID()
  readonly #sink: SessionSink
  readonly #client: EventClient
  readonly #sender: SessionSender
  #connection: Duplex | undefined
  #waiting: Duplex | undefined
  #wanted: ((connection: Duplex) => void) | undefined
  /** What returns to the owner when the session is over: what was sent, then what was sent while it ended. */
  #back: { readonly sent: PendingFrame[]; readonly late: PendingFrame[] } | undefined
  #closing = false

  constructor(limits: LinkLimits, sink: SessionSink) {
    this.#sink = sink
    this.#sender = new SessionSender(limits.maxQueueBytes, (frame, done, error) => {
      const tooLarge = (error as { code?: unknown }).code === 'ERR_FRAME_TOO_LARGE'
      if (this.#back && !this.#closing && !tooLarge) this.#back.sent.push({ frame, done })
      else {
        done?.(error)
        if (tooLarge) sink.failed(error)
      }
    })
    this.#client = EventClient.open('memory:unixevents', {
      ...sessionOptions(limits),
      name: this.id,
      codec: frameCodec,
      transport: this.#transport(),
      // It waits for the next connection, not for a time.
      reconnect: { initialMs: 1, maxMs: 1, jitter: 0 },
    })
    this.#client.on(FRAME_EVENT, frameReader('c-', limits, sink))
    this.#client.on('error', (error) => sink.failed(error))
    this.#client.on('close', () => this.#end())
  }

  /** There is a connection. */
  get connected(): boolean {
    return this.#connection !== undefined
  }

  /** How many messages are not acknowledged. */
  get open(): number {
    return this.#sender.open
  }

  /** Goes on over this connection, of which `head` was read already. */
  use(connection: Duplex, head: Uint8Array): void {
    connection.once('close', () => {
      if (this.#connection === connection) this.#connection = undefined
      this.#sender.disconnected()
      this.#sink.disconnected()
    })
    if (this.#client.closed) {
      connection.destroy()
      return
    }
    this.#connection = connection
    // Nothing may be read before the client listens, which it does some microtasks after it has got the connection.
    connection.pause()
    if (head.length > 0) connection.unshift(head)
    const wanted = this.#wanted
    this.#wanted = undefined
    if (wanted) wanted(connection)
    else this.#waiting = connection
  }

  /** Sends a frame; resolved by the acknowledgement. False when the bound is reached. */
  send(frame: string, done: SendDone | undefined): boolean {
    if (this.#back) this.#back.late.push({ frame, done })
    else {
      if (!this.#sender.take(frame)) return false
      this.#sender.send(this.#client, frame, done)
    }
    return true
  }

  /** Ends the session; `over` gets what was not acknowledged. */
  abandon(): void {
    void this.#client.close({ graceMs: 0 })
  }

  /**
   * Waits until what was sent is acknowledged, for up to `graceMs` milliseconds, and ends.
   *
   * @param connectsSoon - a connection is about to come, and is waited for.
   */
  async close(graceMs: number, connectsSoon: boolean): Promise<void> {
    // In the middle of the handshake too: a server that hears no goodbye keeps the session for a while.
    const connecting = this.#connection !== undefined || (connectsSoon && this.#sender.open > 0)
    if (connecting && !this.#client.connected) await this.#connects(graceMs)
    this.#closing = true
    if (this.#client.connected) await this.#sender.noneOpen(graceMs)
    await this.#client.close({ graceMs: 0 })
  }

  #connects(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(done, graceMs)
      this.#connection?.once('close', done)
      void this.#client.once('connect', done)
    })
  }

  #end(): void {
    if (this.#closing) return
    const back = { sent: [], late: [] } as { sent: PendingFrame[]; late: PendingFrame[] }
    this.#back = back
    this.#connection?.destroy()
    // The messages reject in order, each in a microtask.
    setImmediate(() => this.#sink.over([...back.sent, ...back.late]))
  }

  #transport(): Transport {
    const none = { listen: false, netSocket: false, halfClose: false, credentials: false } as const
    return {
      name: 'unixevents',
      capabilities: { ...none, exclusive: false, refuses: false },
      connect: (_, { signal } = {}) =>
        new Promise((resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
          const adopt = (connection: Duplex): void => {
            setImmediate(() => connection.resume())
            resolve(connection)
          }
          const waiting = this.#waiting
          this.#waiting = undefined
          if (waiting) adopt(waiting)
          else this.#wanted = adopt
        }),
      listen: () => Promise.reject(failure('listen', 'ENOTSUP', 'a session adopts connections')),
    }
  }
}

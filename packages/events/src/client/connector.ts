/** Connector: connects, and connects again after a loss. */
import type { Duplex } from 'node:stream'
import { type Address, connect as openConnection, type Transport } from '@uds/stream'
import { socketFileOf } from '../address.ts'
import { asError } from '../errors/errors.ts'
import { type Link, lost, ReadBuffer } from '../wire/link.ts'
import { Backoff, codeOf, CONNECT_PAUSES, isBusy, mayConnectLater } from '@uds/winsock-ffi/internal'
import { readBackoff, signatureOf, whenFileAppears } from './reconnect.ts'

/** Errors after which trying again is of no use. */
const FINAL: ReadonlySet<string> = new Set([
  'ERR_UNAUTHORIZED',
  'ERR_DISCONNECTED_BY_SERVER',
  'ERR_UNSUPPORTED_CODEC',
  'ERR_UNSUPPORTED_VERSION',
  'ERR_UNSUPPORTED_OPTION',
  'ERR_SESSION_TAKEN',
  'ERR_INVALID_NAME',
])

const isFinal = (error: unknown): boolean =>
  FINAL.has(String((error as { code?: unknown } | undefined)?.code))

/** A server that ends a connection while it closes, or is cut off before its first answer, may be there again soon. */
const PASSING: ReadonlySet<string> = new Set(['ERR_CLOSED', 'ERR_DISCONNECTED'])

/** Whether the first connection is tried again, within `retryUntilMs`: as `connect` of @uds/stream. */
const passes = (error: unknown): boolean => mayConnectLater(error) || PASSING.has(codeOf(error) ?? '')

/** A server that hands its address over closes while clients still come to it; so may its successor, and the next. */
const MOST_CLOSING = 5

/** Where, and how long, a {@link Connector} tries. */
export interface ConnectorSettings {
  readonly address: string | Address
  readonly transport: Transport | undefined
  readonly timeoutMs: number
  readonly retryUntilMs: number
  /** The waits between attempts to come back; undefined: it does not. */
  readonly backoff: Backoff | undefined
}

/** What a {@link Connector} needs of its client. */
export interface ConnectorContext {
  /** Makes a connection of a stream. */
  handshake(duplex: Duplex, reading: ReadBuffer, hold: boolean): Promise<Link>
  /** True when no connection is wanted any more. */
  leaving(): boolean
  /** An error that nobody awaits. */
  report(error: Error): void
  /** An attempt failed; the next one is made after so many milliseconds at the latest, or never. */
  attemptFailed(error: Error, attempt: number, retryInMs: number | undefined): void
  /** It is over. */
  gaveUp(reason: Error): void
}

/** Makes the first connection of a client, and the next ones. */
export class Connector {
  readonly #settings: ConnectorSettings
  readonly #context: ConnectorContext
  readonly #giveUp = new AbortController()
  #endSleep: (() => void) | undefined
  #refs = true
  /** The server's socket file, and what it was like before the last attempt. */
  #file: string | undefined
  #seen: string | undefined

  constructor(settings: ConnectorSettings, context: ConnectorContext) {
    this.#settings = settings
    this.#context = context
  }

  /** Aborts when the client stops trying. */
  get signal(): AbortSignal {
    return this.#giveUp.signal
  }

  giveUp(reason: unknown): void {
    this.#giveUp.abort(reason)
    this.wake()
  }

  /** Tries now, instead of later. */
  wake(): void {
    this.#endSleep?.()
  }

  /** No attempt, and no connection that comes of it, keeps the process alive. */
  unref(): void {
    this.#refs = false
  }

  /** The first connection. */
  async first(): Promise<void> {
    const until = performance.now() + this.#settings.retryUntilMs
    const pause = new Backoff(CONNECT_PAUSES)
    let closing = 0
    let refusal: unknown
    for (;;) {
      try {
        const link = await this.#attempt(true)
        link.release()
        return
      } catch (failed) {
        const isClosing = codeOf(failed) === 'ERR_CLOSED'
        if (isClosing && closing++ < MOST_CLOSING && !this.signal.aborted) {
          refusal = failed
          continue
        }
        // Nobody has taken its place: that it was closing says more than that nobody listens.
        const error = mayConnectLater(failed) ? (refusal ?? failed) : failed
        const wait = Math.min(pause.next(), until - performance.now())
        if (wait <= 0 || this.signal.aborted || !passes(error)) throw error
        await this.#sleep(wait, failed)
      }
    }
  }

  /** The next connection, after one that was lost for this reason. Never rejects. */
  async again(reason: Error | undefined): Promise<void> {
    const { backoff } = this.#settings
    if (backoff === undefined || isFinal(reason)) this.#context.gaveUp(reason ?? lost())
    else await this.#keepTrying(backoff, backoff.next(), reason)
  }

  /** The first connection, however long it takes. Never rejects. */
  async open(): Promise<void> {
    await this.#keepTrying(this.#settings.backoff ?? readBackoff({}), 0, undefined)
  }

  async #keepTrying(backoff: Backoff, firstWait: number, reason: unknown): Promise<void> {
    // Of a server that is there, and has more clients at once than its backlog holds.
    const busy = new Backoff(CONNECT_PAUSES)
    let last = reason
    let wait = firstWait
    for (let attempt = 1; !this.#context.leaving(); attempt++) {
      if (wait > 0) await this.#sleep(wait, last)
      if (this.#context.leaving()) return
      try {
        await this.#attempt(false)
        backoff.reset()
        return
      } catch (error) {
        last = error
        if (this.#context.leaving()) return
        const final = isFinal(error)
        wait = isBusy(error) ? busy.next() : backoff.next()
        this.#context.attemptFailed(asError(error), attempt, final ? undefined : wait)
        if (!final) continue
        this.#context.report(asError(error))
        this.#context.gaveUp(asError(error))
      }
    }
  }

  async #attempt(hold: boolean): Promise<Link> {
    const { address, transport, timeoutMs } = this.#settings
    // Before the attempt: a file that appears while it fails must not look as if it had been there.
    const file = socketFileOf(address) ?? this.#file
    if (file !== undefined) this.#seen = signatureOf(file)
    const reading = new ReadBuffer()
    const duplex = await openConnection(address, {
      onread: reading.onread,
      timeoutMs,
      signal: this.signal,
      ...(transport !== undefined && { transport }),
    })
    if (!this.#refs) unrefOf(duplex)
    return await this.#context.handshake(duplex, reading, hold)
  }

  /** Waits, but not longer than until the server's file appears, or the client is closed. */
  async #sleep(ms: number, error: unknown): Promise<void> {
    // The file of a name is known when an attempt has failed.
    const file = socketFileOf(this.#settings.address) ?? socketFileOf(error) ?? this.#file
    const seen =
      this.#seen ?? ((error as { code?: unknown } | undefined)?.code === 'ENOENT' ? 'ENOENT' : undefined)
    this.#file = file
    this.#seen = undefined
    let stop: (() => void) | undefined
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#endSleep = resolve
      timer = setTimeout(resolve, ms)
      if (!this.#refs) timer.unref()
      if (file !== undefined) stop = whenFileAppears(file, seen, resolve)
    })
    clearTimeout(timer)
    stop?.()
    this.#endSleep = undefined
  }
}

/** Lets the process end although the stream is open, where a stream can. */
export const unrefOf = (duplex: Duplex): void => {
  ;(duplex as Duplex & { unref?: () => unknown }).unref?.()
}

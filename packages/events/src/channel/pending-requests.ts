/** PendingRequests: the requests of this end that wait for a reply. */
import { failure, RemoteError, type WireError } from '../errors/errors.ts'
import type { StreamedInput } from './input-source.ts'

/** Something that waits for what the other end answers. */
export interface ReplyReceiver {
  /** The one reply, or one item of a stream. */
  value(value: unknown): void
  /** The stream is complete. */
  end(): void
  fail(reason: Error): void
}

interface PendingRequest {
  readonly id: number
  readonly waiting: ReplyReceiver
  readonly name: string
  readonly stream: boolean
  /** When it ends unanswered, on the clock of `performance.now()`; Infinity: never. */
  deadline: number
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  onAbort: (() => void) | undefined
  /** It was written to a connection. */
  sent: boolean
  /** Items of a stream that the other end may still send. */
  credit: number
  /** The input, where it is a stream. */
  input: StreamedInput | undefined
  /** The first item of a stream came: no time limit any more. */
  begun: boolean
}

/** How a call is made. */
export interface RequestSettings {
  readonly name: string
  readonly stream: boolean
  /** Infinity: no limit. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** An id is the place of the call in a list (20 bits) and how often the place was used before (12 bits). */
const PLACES = 1 << 20
/** Timeouts are looked after this often at most. */
const LEAST_DELAY_MS = 5

/**
 * The requests of this end that have no answer yet. They are kept in a list whose places are used again: in a `Map` that
 * is never empty, what was deleted lives on in tables that have grown old, and the collector has to carry it along.
 */
export class PendingRequests {
  readonly #places: (PendingRequest | undefined)[] = []
  readonly #free: number[] = []
  readonly #uses: number[] = []
  readonly #cancel: (id: number, sent: boolean) => void
  #size = 0
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity

  readonly #whyAway: () => Error | undefined

  /**
   * @param cancel - sends CANCEL to the other end, or removes the request from the queue
   * @param whyAway - the reason why there is no connection
   */
  constructor(
    cancel: (id: number, sent: boolean) => void,
    whyAway: () => Error | undefined = () => undefined,
  ) {
    this.#cancel = cancel
    this.#whyAway = whyAway
  }

  get size(): number {
    return this.#size
  }

  /** Opens a request; returns its id. The caller has checked the signal. */
  open(waiting: ReplyReceiver, { name, stream, timeoutMs, signal }: RequestSettings, credit: number): number {
    const place = this.#free.pop() ?? this.#places.length
    if (place >= PLACES) throw failure('request', 'ERR_TOO_MANY_REQUESTS', `${PLACES} requests are under way`)
    const uses = ((this.#uses[place] ?? 0) + 1) & 0xfff
    this.#uses[place] = uses
    const id = uses * PLACES + place
    const deadline = timeoutMs === Infinity ? Infinity : performance.now() + timeoutMs
    const call: PendingRequest = {
      id,
      waiting,
      name,
      stream,
      deadline,
      timeoutMs,
      signal,
      onAbort: undefined,
      sent: false,
      credit,
      input: undefined,
      begun: false,
    }
    this.#places[place] = call
    this.#size++
    if (deadline < this.#timerAt) this.#arm(deadline, timeoutMs)
    if (signal !== undefined) {
      call.onAbort = () => this.giveUp(id, signal.reason as Error)
      signal.addEventListener('abort', call.onAbort, { once: true })
    }
    return id
  }

  markSent(id: number): void {
    const call = this.#at(id)
    if (call !== undefined) call.sent = true
  }

  #at(id: number): PendingRequest | undefined {
    const call = this.#places[id % PLACES]
    return call?.id === id ? call : undefined
  }

  /** The call at this id, if it still waits; `stream`: items may arrive. */
  get(id: number): { readonly name: string; readonly stream: boolean; credit: number } | undefined {
    return this.#at(id)
  }

  /** The other end may send so many more items. */
  addCredit(id: number, items: number): void {
    const call = this.#at(id)
    if (call !== undefined) call.credit += items
  }

  /** The input of a request is a stream. */
  setInput(id: number, input: StreamedInput): void {
    const call = this.#at(id)
    if (call !== undefined) call.input = input
  }

  /** The input of a request, where it is a stream that may go on. */
  inputOf(id: number): StreamedInput | undefined {
    return this.#at(id)?.input
  }

  /** The time of a request counts from now on, as the other end is waited for; or it does not count. */
  count(id: number, counts: boolean): void {
    const call = this.#at(id)
    if (call === undefined || call.begun || call.timeoutMs === Infinity) return
    call.deadline = counts ? performance.now() + call.timeoutMs : Infinity
    if (call.deadline < this.#timerAt) this.#arm(call.deadline, call.timeoutMs)
  }

  reply(id: number, value: unknown): void {
    this.#close(id)?.waiting.value(value)
  }

  item(id: number, value: unknown): void {
    const call = this.#at(id)
    if (call === undefined) return
    // The time limit is for the first item; from then on the reader's pace counts.
    call.deadline = Infinity
    call.begun = true
    call.waiting.value(value)
  }

  end(id: number): void {
    this.#close(id)?.waiting.end()
  }

  fail(id: number, error: WireError): void {
    this.#close(id)?.waiting.fail(new RemoteError(error))
  }

  /** Ends a request from this side, and sends CANCEL. */
  giveUp(id: number, reason: Error): void {
    const call = this.#close(id)
    if (call === undefined) return
    this.#cancel(id, call.sent)
    call.waiting.fail(reason)
  }

  /** The connection is gone: fails the calls that were written, or all of them. */
  disconnect(reason: Error, all: boolean): void {
    for (const call of this.#places) {
      if (call !== undefined && (all || call.sent)) this.#close(call.id)?.waiting.fail(reason)
    }
    if (!all) return
    clearTimeout(this.#timer)
    this.#timerAt = Infinity
  }

  /** One timer for all calls, set to the first deadline. A call that ends leaves it alone: it finds nothing due. */
  #arm(deadline: number, delayMs: number): void {
    clearTimeout(this.#timer)
    this.#timerAt = deadline
    // Without a connection that keeps the process alive no caller is left.
    this.#timer = setTimeout(() => this.#expire(), Math.max(LEAST_DELAY_MS, Math.ceil(delayMs))).unref()
  }

  #expire(): void {
    const now = performance.now()
    let first = Infinity
    for (const call of this.#places) {
      if (call === undefined) continue
      const { id, name, deadline, timeoutMs } = call
      if (deadline <= now) {
        const away = call.sent ? undefined : this.#whyAway()
        const why = away === undefined ? '' : `; there is no connection: ${away.message}`
        const detail = `'${name}' was not answered within ${timeoutMs} ms${why}`
        this.giveUp(id, failure('request', 'ETIMEDOUT', detail, away))
      } else if (deadline < first) first = deadline
    }
    this.#timerAt = Infinity
    if (first !== Infinity) this.#arm(first, first - now)
  }

  #close(id: number): PendingRequest | undefined {
    const call = this.#at(id)
    if (call === undefined) return undefined
    const place = id % PLACES
    this.#places[place] = undefined
    this.#free.push(place)
    this.#size--
    if (call.onAbort !== undefined) call.signal?.removeEventListener('abort', call.onAbort)
    call.input?.stop()
    return call
  }
}

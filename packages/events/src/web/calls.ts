/** Calls: the requests of this end that have no answer yet. */
import { asError, RemoteError, toWire } from '../errors/remote-error.ts'
import { Flag, FrameType } from '../wire/frame-types.ts'
import { EventsError, errorIn } from './errors.ts'
import { countIn, type ReadFrame, textOf } from './frames.ts'
import { decode, encode, type Encoded, type Wire } from './wire.ts'

/** What waits for an answer. */
export interface Waiting {
  /** The reply, or an item of a stream. */
  value(value: unknown): void
  end(): void
  fail(reason: Error): void
}

interface Call {
  readonly id: number
  readonly waiting: Waiting
  readonly stream: boolean
  credit: number
  sent: boolean
  timer: ReturnType<typeof setTimeout> | undefined
  stopAbort: () => void
  input: Input | undefined
}

/** How a call is made. */
export interface CallSettings {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** Items that may come ahead; 0: no stream is wanted. */
  readonly window: number
}

/** An id is the place of the call in a list, and how often the place was used: PROTOCOL.md C1. */
const PLACES = 2 ** 20
const TWO_32 = 2 ** 32

export class Calls {
  readonly #wire: Wire
  readonly #mostBytes: () => number
  readonly #places: (Call | undefined)[] = []
  readonly #free: number[] = []
  readonly #uses: number[] = []

  constructor(wire: Wire, mostBytes: () => number) {
    this.#wire = wire
    this.#mostBytes = mostBytes
  }

  get size(): number {
    return this.#places.length - this.#free.length
  }

  #at(id: number): Call | undefined {
    const call = this.#places[id % PLACES]
    return call?.id === id ? call : undefined
  }

  /** Opens a request; returns its id. */
  open(name: string, input: unknown, settings: CallSettings, waiting: Waiting): number {
    const { timeoutMs, signal, window } = settings
    signal?.throwIfAborted()
    const parts = partsOf(input)
    const encoded: Encoded =
      parts === undefined
        ? encode(input, this.#mostBytes())
        : { flags: Flag.input, payload: undefined, size: 16 }
    const place = this.#free.pop() ?? this.#places.length
    const uses = ((this.#uses[place] ?? 0) + 1) & 0xfff
    this.#uses[place] = uses
    const id = uses * PLACES + place
    const call: Call = {
      id,
      waiting,
      stream: window > 0,
      credit: window,
      sent: false,
      timer: undefined,
      stopAbort: () => {},
      input: undefined,
    }
    this.#places[place] = call
    if (parts !== undefined)
      call.input = new Input(parts, this.#wire, id, (reason) => this.giveUp(id, reason), this.#mostBytes)
    if (timeoutMs !== Infinity) {
      const late = (): void =>
        this.giveUp(id, new EventsError('ETIMEDOUT', `'${name}' was not answered within ${timeoutMs} ms`))
      call.timer = setTimeout(late, timeoutMs)
    }
    if (signal !== undefined) {
      const abort = (): void => this.giveUp(id, asError(signal.reason))
      signal.addEventListener('abort', abort, { once: true })
      call.stopAbort = () => signal.removeEventListener('abort', abort)
    }
    try {
      this.#wire.later(encoded.size, () => this.#write(call, name, encoded))
    } catch (error) {
      this.#close(id)
      throw error
    }
    if (this.#wire.connected) this.#write(call, name, encoded)
    return id
  }

  #write(call: Call, name: string, { flags, payload }: Encoded): void {
    if (this.#at(call.id) !== call || call.sent) return
    if (call.input !== undefined && !this.#wire.knows('streamInput')) {
      this.giveUp(
        call.id,
        new EventsError('ERR_UNSUPPORTED_OPTION', 'the other end knows no input that is a stream'),
      )
      return
    }
    call.sent = true
    const id = call.id + call.credit * TWO_32
    this.#wire.put(FrameType.request, flags | (call.stream ? Flag.stream : 0), name, id, payload)
  }

  /** Lets the other end send so many more items. */
  credit(id: number, items: number): void {
    const call = this.#at(id)
    if (call === undefined) return
    call.credit += items
    this.#wire.put(FrameType.credit, 0, '', id, items)
  }

  /** Ends a request from this side: CANCEL goes out where it was written. */
  giveUp(id: number, reason: Error): void {
    const call = this.#close(id)
    if (call === undefined) return
    if (call.sent) this.#wire.put(FrameType.cancel, 0, '', id)
    call.waiting.fail(reason)
  }

  /** A frame for the caller came. */
  answered(frame: ReadFrame): void {
    const { id, type, flags, body } = frame
    const call = this.#at(id)
    if (call === undefined) return
    if (type === FrameType.reply || type === FrameType.item) {
      const isItem = type === FrameType.item
      if (call.stream !== isItem)
        throw new EventsError(
          'ERR_PROTOCOL',
          isItem ? 'an item that is not of a stream' : 'a reply to a stream',
        )
      if (isItem && --call.credit < 0) throw new EventsError('ERR_PROTOCOL', 'an item beyond the window')
      // The time limit of a stream is for its first item.
      clearTimeout(call.timer)
      const value = decode(frame)
      if (!isItem) this.#close(id)
      call.waiting.value(value)
    } else if (type === FrameType.end) this.#close(id)?.waiting.end()
    else if (type === FrameType.failure)
      this.#close(id)?.waiting.fail(new RemoteError(errorIn(textOf(body, flags, 'ERR_PROTOCOL'))))
    else if (type === FrameType.inputCredit) call.input?.more(countIn(frame))
    else call.input?.stop()
  }

  #close(id: number): Call | undefined {
    const call = this.#at(id)
    if (call === undefined) return undefined
    const place = id % PLACES
    this.#places[place] = undefined
    this.#free.push(place)
    clearTimeout(call.timer)
    call.stopAbort()
    call.input?.stop()
    return call
  }

  /** The connection is gone: fails the requests that were written, or all. */
  disconnect(reason: Error, all: boolean): void {
    for (const call of this.#places)
      if (call !== undefined && (all || call.sent)) this.#close(call.id)?.waiting.fail(reason)
  }
}

/** An input that is a stream, as an iterator; undefined for a plain input. */
const partsOf = (input: unknown): AsyncIterator<unknown> | undefined => {
  if (typeof input !== 'object' || input === null) return undefined
  if (Symbol.asyncIterator in input) return (input as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  if (!(input instanceof ReadableStream)) return undefined
  // Browsers whose ReadableStream is not iterable.
  const reader = (input as ReadableStream<unknown>).getReader()
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    return: async () => {
      await reader.cancel()
      return { value: undefined, done: true }
    },
  }
}

/** The parts of an input, sent as the other end grants the credit: PROTOCOL.md I1, I2. */
class Input {
  readonly #parts: AsyncIterator<unknown>
  readonly #wire: Wire
  readonly #id: number
  readonly #failed: (reason: Error) => void
  readonly #mostBytes: () => number
  #credit = 0
  #running = false
  #ended = false
  #wake: (() => void) | undefined

  constructor(
    parts: AsyncIterator<unknown>,
    wire: Wire,
    id: number,
    failed: (reason: Error) => void,
    mostBytes: () => number,
  ) {
    this.#parts = parts
    this.#wire = wire
    this.#id = id
    this.#failed = failed
    this.#mostBytes = mostBytes
  }

  more(bytes: number): void {
    this.#credit += bytes
    this.#wake?.()
    if (this.#running || this.#ended) return
    this.#running = true
    void this.#run()
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    try {
      while (!this.#ended) {
        if (this.#credit <= 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
          continue
        }
        const { value, done } = await this.#parts.next()
        if (this.#ended) return
        if (done === true) {
          this.#ended = true
          this.#wire.put(FrameType.inputEnd, 0, '', this.#id)
          return
        }
        const { flags, payload } = encode(value, this.#mostBytes())
        this.#credit -= this.#wire.put(FrameType.input, flags, '', this.#id, payload)
        await this.#wire.flowing()
      }
    } catch (error) {
      if (this.#ended) return
      this.#wire.put(FrameType.inputFailure, 0, '', this.#id, JSON.stringify(toWire(error)))
      this.#failed(asError(error))
    }
  }

  stop(): void {
    if (this.#ended) return
    this.#ended = true
    this.#wake?.()
    void Promise.resolve(this.#parts.return?.()).catch(() => {})
  }
}

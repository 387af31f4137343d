/** StreamedInput, streamedInputOf: a stream that is the input of a request, read as the other end takes it. */
import { asError } from '../errors/errors.ts'

/** The parts of a stream, whatever kind of stream it is. */
interface Parts {
  next(): Promise<IteratorResult<unknown>>
  /** Nobody reads any more: ends the stream, also while a `next` of it hangs. */
  stop(): void
}

interface WebStream {
  getReader(): { read(): Promise<IteratorResult<unknown>>; cancel(reason?: unknown): Promise<void> }
}

const noop = (): void => {}

const has = (value: object, method: string): boolean =>
  typeof (value as Record<string, unknown>)[method] === 'function'

// Its reader, and not its iterator, whose `return` would wait for a read that hangs.
const partsOfWeb = (stream: WebStream): Parts => {
  const reader = stream.getReader()
  return { next: () => reader.read(), stop: () => void reader.cancel().then(noop, noop) }
}

const partsOf = (input: object): Parts => {
  if (has(input, 'getReader')) return partsOfWeb(input as WebStream)
  const iterator = (input as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  return {
    next: () => iterator.next(),
    stop: () => {
      // A Readable of Node: its iterator's `return` would wait for a read that hangs, too.
      if (has(input, 'destroy')) (input as { destroy(): void }).destroy()
      else void Promise.allSettled([iterator.return?.()])
    },
  }
}

/** True for what a request sends as a stream: an async iterable, a Readable, a ReadableStream. */
export const isStreamedInput = (input: unknown): input is object =>
  typeof input === 'object' && input !== null && (Symbol.asyncIterator in input || has(input, 'getReader'))

/** Ends a stream that will not be sent. */
export const releaseInput = (input: unknown): void => {
  if (!isStreamedInput(input)) return
  hearErrors(input, noop)
  try {
    partsOf(input).stop()
  } catch {
    // Another reader has it: then it is that one's.
  }
}

/** Hears the errors of a Readable of Node, which would end the process while nobody listens to them. */
const hearErrors = (input: object, failed: (error: Error) => void): void => {
  if (has(input, 'destroy') && has(input, 'on'))
    (input as { on(name: 'error', listener: (error: Error) => void): void }).on('error', failed)
}

/** What a {@link StreamedInput} needs of its request. */
export interface InputTarget {
  /** Resolves when the connection takes more; undefined: it does. */
  whenFlowing(): Promise<void> | undefined
  /** Sends a part; returns the bytes of its frame. */
  put(part: unknown): number
  /** There are no more parts. */
  ended(): void
  /** The stream failed. */
  failed(reason: Error): void
  /** True: the other end has to do something now, so the time of the request counts. */
  waits(forOther: boolean): void
}

/** Sends the parts of a stream, as the other end grants the credit for them. */
export class StreamedInput {
  readonly #input: object
  readonly #target: InputTarget
  #parts: Parts | undefined
  #credit = 0
  #ended = false
  #wake: (() => void) | undefined

  constructor(input: object, target: InputTarget) {
    this.#input = input
    this.#target = target
    hearErrors(input, (error) => this.#fail(error))
  }

  #fail(error: unknown): void {
    if (this.#ended) return
    this.stop()
    this.#target.failed(asError(error))
  }

  /** The other end takes so many more bytes. */
  addCredit(bytes: number): void {
    if (this.#ended) return
    this.#credit += bytes
    this.#wake?.()
    if (this.#parts !== undefined) return
    try {
      this.#parts = partsOf(this.#input)
    } catch (error) {
      this.#fail(error)
      return
    }
    void this.#run(this.#parts)
  }

  /** Nobody wants more of it. */
  stop(): void {
    if (this.#ended) return
    this.#ended = true
    this.#wake?.()
    if (this.#parts === undefined) releaseInput(this.#input)
    else this.#parts.stop()
  }

  /** Never rejects. */
  async #run(parts: Parts): Promise<void> {
    const target = this.#target
    try {
      for (;;) {
        if (this.#credit <= 0) await this.#moreCredit()
        if (this.#ended) return
        target.waits(false)
        const { value, done } = await parts.next()
        if (this.#ended) return
        if (done === true) {
          this.#ended = true
          target.ended()
          target.waits(true)
          return
        }
        for (let wait = target.whenFlowing(); wait !== undefined; wait = target.whenFlowing()) {
          target.waits(true)
          await wait
          if (this.#ended) return
        }
        this.#credit -= target.put(value)
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  async #moreCredit(): Promise<void> {
    this.#target.waits(true)
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = undefined
  }
}

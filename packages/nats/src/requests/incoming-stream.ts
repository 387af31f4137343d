/** IncomingStream: the items of a stream that another machine answers with, at the reader's pace. */
import type { EngineMessage } from '../connection/engine.ts'
import { failure } from '../errors.ts'
import { ALIVE_HEADER, ALIVE_MS, DEAD_MS, END_HEADER, NUMBER_HEADER, WINDOW } from './headers.ts'

/** What a stream needs of its caller. */
interface StreamContext {
  read(message: EngineMessage): unknown
  /** Says something to the other end: a number of items more, nothing, or the end. */
  control(subject: string, word: string): void
  /** It is over; the other end has to hear that when it is not its own doing. */
  ended(early: boolean): void
}

/** Credit goes back in parts of this size. */
const CREDIT = WINDOW / 4

export class IncomingStream implements AsyncIterableIterator<unknown, undefined, undefined> {
  readonly #context: StreamContext
  readonly #items: unknown[] = []
  #subject: string | undefined
  #next = 0
  #taken = 0
  #over = false
  #reason: Error | undefined
  #waiting: {
    resolve: (result: IteratorResult<unknown, undefined>) => void
    reject: (reason: Error) => void
  }[] = []
  #alive: NodeJS.Timeout
  #heardAt = performance.now()

  constructor(context: StreamContext) {
    this.#context = context
    this.#alive = setInterval(() => this.#look(), ALIVE_MS).unref()
  }

  #look(): void {
    if (performance.now() - this.#heardAt > DEAD_MS)
      this.failed(failure('stream', 'ERR_DISCONNECTED', 'the machine that answers is silent'))
    else if (this.#subject !== undefined) this.#context.control(this.#subject, '0')
  }

  answered(message: EngineMessage): void {
    this.#heardAt = performance.now()
    const { headers, reply } = message
    if (this.#over || headers?.has(ALIVE_HEADER) === true) return
    if (headers === undefined || Number(headers.get(NUMBER_HEADER)) !== this.#next) {
      throw failure('stream', 'ERR_DISCONNECTED', 'items of a stream were lost on their way')
    }
    this.#next++
    if (reply !== undefined && reply !== '') this.#subject = reply
    else if (headers.has(END_HEADER)) this.#end(undefined, false)
    else this.#item(this.#context.read(message))
  }

  failed(reason: Error): void {
    this.#end(reason, true)
  }

  /** The reader has left. */
  stop(): void {
    if (this.#over) return
    if (this.#subject !== undefined) this.#context.control(this.#subject, 'end')
    this.#items.length = 0
    this.#end(undefined, true)
  }

  #item(value: unknown): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#items.push(value)
    else {
      waiting.resolve({ done: false, value })
      this.#took()
    }
  }

  #took(): void {
    if (++this.#taken % CREDIT === 0 && this.#subject !== undefined)
      this.#context.control(this.#subject, String(CREDIT))
  }

  #end(reason: Error | undefined, early: boolean): void {
    if (this.#over) return
    this.#over = true
    this.#reason = reason
    clearInterval(this.#alive)
    this.#context.ended(early)
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (reason === undefined) resolve({ done: true, value: undefined })
      else reject(reason)
    }
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift()
      this.#took()
      return Promise.resolve({ done: false, value })
    }
    if (!this.#over) return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    const reason = this.#reason
    this.#reason = undefined
    return reason === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(reason)
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.stop()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop()
  }
}

/** How long a client that had a session waits for the answer whether the server has it still. */
const ANSWER_MS = 5000

/** How many events may wait meanwhile, and how many characters of payload. With more there is no waiting. */
const MAX_EVENTS = 10_000
const MAX_LENGTH = 16 * 1024 * 1024

/**
 * What a client with a session does between its connecting again and the server's answer. If the server has the session,
 * what it sends in the frames of unixevents comes in the session too, and is ignored here; otherwise it counts.
 */
export class ResumeBuffer {
  readonly #deliver: (name: string, payload: unknown) => void
  readonly #timer: NodeJS.Timeout
  readonly #unanswered: () => void
  #events: [name: string, payload: unknown][] | undefined = []
  #length = 0
  #ignores = false

  /** @param unanswered - the server is not one of ours, or has no time: {@link ResumeBuffer.settle} should follow. */
  constructor(deliver: (name: string, payload: unknown) => void, unanswered: () => void) {
    this.#deliver = deliver
    this.#unanswered = unanswered
    this.#timer = setTimeout(unanswered, ANSWER_MS)
  }

  event(name: string, payload: unknown): void {
    if (this.#ignores) return
    if (this.#events === undefined) this.#deliver(name, payload)
    else {
      this.#length += typeof payload === 'string' ? payload.length : JSON.stringify(payload ?? null).length
      if (this.#events.push([name, payload]) > MAX_EVENTS || this.#length > MAX_LENGTH) this.#unanswered()
    }
  }

  /** The answer: whether the server has the session. */
  settle(known: boolean): void {
    clearTimeout(this.#timer)
    const events = this.#events ?? []
    this.#events = undefined
    this.#ignores = known
    if (!known) for (const [name, payload] of events) this.#deliver(name, payload)
  }

  /** The connection is gone before the answer. Had the server the session, they come again; so they do not count. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}

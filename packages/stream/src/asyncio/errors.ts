/** IncompleteReadError, LimitOverrunError: the errors of asyncio's streams. */

/** The stream ended before all bytes of a read had arrived: asyncio.IncompleteReadError. */
export class IncompleteReadError extends Error {
  readonly code = 'ERR_INCOMPLETE_READ'
  /** The bytes before the end. The reader no longer has them. */
  readonly partial: Buffer
  /** Number of bytes the call asked for; undefined where it asked for a separator. */
  readonly expected: number | undefined

  constructor(partial: Buffer, expected: number | undefined) {
    const wanted = expected === undefined ? 'the separator' : `the ${expected} bytes of this read`
    super(`the stream ended after ${partial.length} bytes, before ${wanted}`)
    this.name = 'IncompleteReadError'
    this.partial = partial
    this.expected = expected
  }
}

/** The limit of the reader was reached before a separator: asyncio.LimitOverrunError. */
export class LimitOverrunError extends Error {
  readonly code = 'ERR_LIMIT_OVERRUN'
  /** Number of bytes that precede the separator. They stay in the reader, except after readLine. */
  readonly consumed: number

  constructor(detail: string, consumed: number) {
    super(`${detail} (raise the limit, or read the ${consumed} bytes with read or readExactly)`)
    this.name = 'LimitOverrunError'
    this.consumed = consumed
  }
}

/** The stream ended before everything that was asked for had come: asyncio.IncompleteReadError. */
export class IncompleteReadError extends Error {
  readonly code = 'ERR_INCOMPLETE_READ'
  /** What came before the end. It has been taken from the reader. */
  readonly partial: Buffer
  /** How many bytes were asked for; undefined where the end was a separator. */
  readonly expected: number | undefined

  constructor(partial: Buffer, expected: number | undefined) {
    const wanted = expected === undefined ? 'the separator' : `the ${expected} bytes that were asked for`
    super(`the stream ended after ${partial.length} bytes, before ${wanted}`)
    this.name = 'IncompleteReadError'
    this.partial = partial
    this.expected = expected
  }
}

/** No separator came within the limit of the reader: asyncio.LimitOverrunError. */
export class LimitOverrunError extends Error {
  readonly code = 'ERR_LIMIT_OVERRUN'
  /** How many bytes are known to come before the separator. They are still in the reader, except after readLine. */
  readonly consumed: number

  constructor(detail: string, consumed: number) {
    super(`${detail} (raise the limit, or read the ${consumed} bytes with read or readExactly)`)
    this.name = 'LimitOverrunError'
    this.consumed = consumed
  }
}

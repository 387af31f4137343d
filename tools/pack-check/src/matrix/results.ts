/** One cell of the matrix: what was tried, and how it went. */
export interface Result {
  readonly what: string
  readonly how: string
  readonly ok: boolean
  /** What it said, in one line where it is good. */
  readonly said: string
}

export const results: Result[] = []

/** Tries it, keeps how it went, and prints a row at once. */
export const attempt = (what: string, how: string, action: () => string): void => {
  let result: Result
  try {
    result = { what, how, ok: true, said: action().trim().split('\n').at(-1) ?? '' }
  } catch (error) {
    result = { what, how, ok: false, said: error instanceof Error ? error.message : String(error) }
  }
  results.push(result)
  console.log(`${result.ok ? 'ok    ' : 'FAILED'} ${what.padEnd(26)} ${how.padEnd(24)} ${result.said}`)
}

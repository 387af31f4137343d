/** What became of a case. */

export interface Outcome {
  readonly verdict: 'works' | 'refused' | 'fails'
  /** The message of the error. */
  readonly detail: string
}

/** Reads the last line that a case has printed. */
export const readOutcome = (output: string): Outcome | undefined => {
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  return line.startsWith('{"verdict"') ? (JSON.parse(line) as Outcome) : undefined
}

/** Joins what a case says of itself with how its process ended. */
export const judge = (output: string, errors: string, code: number | null, timeoutMs: number): Outcome => {
  const outcome = readOutcome(output)
  if (outcome === undefined) {
    const line = errors.split('\n').find((each) => /error|panic/i.test(each))
    const ended = code === null ? `no result in ${timeoutMs} ms` : `it ended with ${code}`
    return { verdict: 'fails', detail: `${ended}: ${line?.trim() ?? ''}` }
  }
  if (code === 0) return outcome
  const detail = code === null ? `it works, and does not end in ${timeoutMs} ms` : `it ended with ${code}`
  return { verdict: 'fails', detail }
}

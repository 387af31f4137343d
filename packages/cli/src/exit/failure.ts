import { FAILED, USAGE } from '../terminal/terminal.ts'
import { tlsWords } from './tls-error-text.ts'

/** A command that cannot go on, and the exit code that it ends with. */
export class Failure extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.name = 'Failure'
    this.exitCode = exitCode
  }
}

/** The code of an error as Node's, such as `ECONNREFUSED`. */
export const codeOf = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** What an error says, with the errors that caused it. */
export const explain = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof AggregateError && error.message === '') return error.errors.map(explain).join('; ')
  const tls = tlsWords(error)
  if (tls !== undefined) return tls
  const { cause } = error
  // Most errors of @uds say what their cause says, and more.
  if (!(cause instanceof Error) || (codeOf(cause) !== undefined && codeOf(cause) === codeOf(error)))
    return error.message
  return `${error.message}\n  because: ${explain(cause)}`
}

/** What the packages throw, before any system call, for an argument that means nothing: here, one of the command line. */
const WRONG_ARGUMENT = new Set([
  'ERR_AMBIGUOUS_ADDRESS',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_OUT_OF_RANGE',
])

/** The exit code for what a command threw. */
export const exitCodeOf = (error: unknown): number => {
  if (error instanceof Failure) return error.exitCode
  const wrong =
    (error instanceof TypeError || error instanceof RangeError) && WRONG_ARGUMENT.has(codeOf(error) ?? '')
  return wrong ? USAGE : FAILED
}

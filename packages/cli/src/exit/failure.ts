/** Failures of commands: exit codes and texts of errors. */
import { SocketError, type AdviceCode } from '@uds/winsock-ffi'
import { FAILED, USAGE } from './exit-codes.ts'
import { tlsErrorText } from './tls-error-text.ts'

/** A failure with a text for the user and the exit code of the command. */
export class CommandFailure extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.name = 'Failure'
    this.exitCode = exitCode
  }
}

/** The code of an error, such as `ECONNREFUSED`. */
export const codeOf = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** Advice that names an option of a function, in the words of the command line. */
const ADVICE: Readonly<Record<AdviceCode, string>> = {
  'take-over': 'stop it, choose another path, or replace it by --take-over',
}

const messageOf = (error: Error): string => {
  if (!(error instanceof SocketError) || error.adviceCode === undefined) return error.message
  return error.message.replace(`(${error.advice})`, () => `(${ADVICE[error.adviceCode!]})`)
}

/** The message of an error, with the messages of the errors that caused it. */
export const explain = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof AggregateError && error.message === '') return error.errors.map(explain).join('; ')
  const tls = tlsErrorText(error)
  if (tls !== undefined) return tls
  const { cause } = error
  // The message of a SocketError contains the message of its cause.
  if (!(cause instanceof Error) || (codeOf(cause) !== undefined && codeOf(cause) === codeOf(error)))
    return messageOf(error)
  return `${messageOf(error)}\n  because: ${explain(cause)}`
}

/** Codes that the packages throw for a wrong argument, before any system call: here, one of the command line. */
const WRONG_ARGUMENT = new Set([
  'ERR_AMBIGUOUS_ADDRESS',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_OUT_OF_RANGE',
])

/** The exit code for an error that a command threw. */
export const exitCodeOf = (error: unknown): number => {
  if (error instanceof CommandFailure) return error.exitCode
  const wrong =
    (error instanceof TypeError || error instanceof RangeError) && WRONG_ARGUMENT.has(codeOf(error) ?? '')
  return wrong ? USAGE : FAILED
}

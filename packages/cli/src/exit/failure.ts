/** Failures of commands: exit codes and texts of errors. */
import type { AdviceCode, SocketError } from '@uds/winsock-ffi'
import { FAILED, USAGE } from './exit-codes.ts'
import { tlsErrorText } from './tls-error-text.ts'

/** A failure with a text for the user and the exit code of the command. */
export class CommandFailure extends Error {
  readonly exitCode: number
  /** The code of the error that it reports in other words. */
  readonly code: string | undefined

  constructor(exitCode: number, message: string, code?: string) {
    super(message)
    this.name = 'CommandFailure'
    this.exitCode = exitCode
    this.code = code
  }
}

/** The code of an error, such as `ECONNREFUSED`. */
export const codeOf = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** Advice that names an option of a function, in words for a command that has none of that kind. */
const ADVICE: Readonly<Record<AdviceCode, string>> = {
  'take-over': 'stop it, or choose another path',
}

/** The same for a command that has --take-over. */
const LISTEN_ADVICE: Readonly<Record<AdviceCode, string>> = {
  'take-over': 'stop it, choose another path, or replace it by --take-over',
}

/** Asked of the property and not of the class, which commands that open no socket do not load. */
const hasAdvice = (error: unknown): error is SocketError & { readonly adviceCode: AdviceCode } =>
  error instanceof Error && (error as { adviceCode?: unknown }).adviceCode !== undefined

const messageOf = (error: Error, advice: Readonly<Record<AdviceCode, string>> = ADVICE): string => {
  if (!hasAdvice(error)) return error.message
  return error.message.replace(`(${error.advice})`, () => `(${advice[error.adviceCode]})`)
}

/** The failure of a command that listens and has the option --take-over. */
export const listenFailure = (error: unknown): unknown => {
  if (!hasAdvice(error)) return error
  return new CommandFailure(FAILED, messageOf(error, LISTEN_ADVICE), error.code)
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

/** toSocketError: an error of node:net as a SocketError; throwIfAborted. */
import { adviceFor, SocketError } from '@uds/winsock-ffi'
import { checkSignal } from '@uds/winsock-ffi/internal'
import { denied } from './permission.ts'

interface NodeError extends Error {
  readonly code?: string
  readonly errno?: number
  readonly syscall?: string
}

/**
 * @param address - As `formatAddress` writes it.
 */
export const toSocketError = (error: unknown, syscall: string, address: string): Error => {
  if (error instanceof SocketError || !(error instanceof Error)) return error as Error
  const refusal = denied(error, syscall, address)
  if (refusal) return refusal
  const { code, errno } = error as NodeError
  // An error without a number is no failure of the system: a wrong argument, an abort.
  if (
    code === undefined ||
    (errno === undefined && code !== 'ENOTFOUND' && !(error instanceof AggregateError))
  ) {
    return error
  }
  const detail = code === 'ENOTFOUND' ? 'no such host is known' : undefined
  // libuv binds a socket and listens in one call.
  const advice = adviceFor(code, syscall === 'listen' ? 'bind' : syscall, address)
  return new SocketError({
    code,
    syscall,
    address,
    nativeCode: errno === undefined ? undefined : Math.abs(errno),
    detail,
    advice,
    cause: error,
  })
}

/** @throws The reason of a signal that has fired; TypeError `ERR_INVALID_ARG_TYPE` for a value that is no signal. */
export const throwIfAborted = (signal: AbortSignal | undefined): void => {
  checkSignal('options', signal)
  if (signal?.aborted) throw signal.reason
}

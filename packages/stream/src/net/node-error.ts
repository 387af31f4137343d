/** toNodeError: a failure of the door in the form of node:net's errors. */
import { SocketError } from '@uds/winsock-ffi'

// Not imported: the ES import of this module reads process.stderr, which makes the pipes 0 to 2 of the process non-blocking.
const { getSystemErrorMap } = process.getBuiltinModule('node:util')

/** An error as node:net makes it (`ExceptionWithHostPort` and `UVExceptionWithHostPort` of lib/internal/errors.js). */
export interface NodeError extends Error {
  readonly code: string
  readonly errno: number
  readonly syscall: 'connect' | 'listen'
  /** The path, without a scheme. */
  readonly address: string
}

/** libuv's number of a code on this system, negative; undefined for a code that libuv does not have. */
export const errnoOf = (code: string): number | undefined => {
  for (const [errno, [name]] of getSystemErrorMap()) if (name === code) return errno
  return undefined
}

/** libuv says EACCES for a missing directory, on all systems as on Windows (uv_pipe_bind2 in src/unix/pipe.c). */
const codeFor = (code: string, syscall: NodeError['syscall']): string =>
  syscall === 'listen' && code === 'ENOENT' ? 'EACCES' : code

/**
 * The error that node:net emits for this failure: code, errno, syscall, the plain path as `address`, the same message.
 * Its `cause` is the SocketError, with advice.
 *
 * @returns Any other error, and one with a code that libuv does not have, as it is.
 */
export const toNodeError = (cause: unknown, syscall: NodeError['syscall'], path: string): Error => {
  if (!(cause instanceof SocketError)) return cause as Error
  const code = codeFor(cause.code, syscall)
  const errno = errnoOf(code)
  if (errno === undefined) return cause
  const text = getSystemErrorMap().get(errno)![1]
  const message = syscall === 'connect' ? `connect ${code} ${path}` : `listen ${code}: ${text} ${path}`
  return Object.assign(new Error(message, { cause }), { errno, code, syscall, address: path })
}

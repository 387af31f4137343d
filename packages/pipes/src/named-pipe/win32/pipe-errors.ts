/** The errors of named pipes. */
import { adviceFor, kernel32Library, SocketError } from '@uds/winsock-ffi'
import {
  ERROR_ACCESS_DENIED,
  ERROR_BROKEN_PIPE,
  ERROR_NO_DATA,
  ERROR_PIPE_NOT_CONNECTED,
} from './constants.ts'

const gone: ReadonlySet<number> = new Set([ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED])

/** The peer has closed: the end of a read, EPIPE of a write. */
export const isGone = (code: number): boolean => gone.has(code)

const deniedAdvice = (syscall: string): string =>
  syscall === 'CreateNamedPipeW'
    ? 'security.sddl must allow this user all rights, GA: more instances cannot be made otherwise'
    : 'the access control list of the pipe lets other users in only if its server says so'

/** The rights of a handle were settled when it was opened: these fail for what its direction leaves out. */
const TRANSFERS: ReadonlySet<string> = new Set(['ReadFile', 'WriteFile', 'PeekNamedPipe', 'FlushFileBuffers'])

/** An error of the system, with the name of the pipe. */
export const pipeError = (nativeCode: number, syscall: string, address?: string): SocketError => {
  const { code } = kernel32Library.toError(nativeCode, syscall)
  if (nativeCode === ERROR_ACCESS_DENIED && TRANSFERS.has(syscall)) {
    const detail = 'the pipe carries bytes in the other direction only'
    return new SocketError({ code: 'EACCES', syscall, nativeCode, address, detail })
  }
  const advice =
    nativeCode === ERROR_ACCESS_DENIED ? deniedAdvice(syscall) : adviceFor(code, syscall, address)
  return new SocketError({ code, syscall, nativeCode, address, advice })
}

/** FILE_FLAG_FIRST_PIPE_INSTANCE makes a name that exists ERROR_ACCESS_DENIED; Wine goes by the count of instances. */
export const nameInUse = (address: string, nativeCode?: number): SocketError =>
  new SocketError({
    code: 'EADDRINUSE',
    syscall: 'CreateNamedPipeW',
    address,
    nativeCode,
    detail: 'a pipe of this name exists',
    advice: 'another server has it, or its owner lets this user add no instance: choose another name',
  })

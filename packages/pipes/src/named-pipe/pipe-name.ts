/** The rules for names of pipes: https://learn.microsoft.com/windows/win32/ipc/pipe-names and winpipe's. */
import { invalidArgument, invalidValue } from '@uds/winsock-ffi'
import { isComputerName, LONGEST_PIPE_NAME } from '@uds/winsock-ffi/internal'

/** `\\.\pipe\` and one character. */
const SHORTEST_NAME = 10

const PIPE = '\\pipe\\'

/** Why a text is no name of a pipe, in words; undefined for one that is. */
const faultOf = (name: string): string | undefined => {
  if (!name.isWellFormed()) return 'must not contain a lone surrogate'
  if (name.includes('\0')) return 'must not contain a NUL'
  if (name.length > LONGEST_PIPE_NAME)
    return `must have ${LONGEST_PIPE_NAME} characters at most, and has ${name.length}`
  if (!name.startsWith('\\\\'))
    return 'must begin with two backslashes, as in \\\\.\\pipe\\name (LocalStream and LocalListener take a bare word)'
  if (name.length < SHORTEST_NAME) return 'is too short: the shortest is \\\\.\\pipe\\ and one character'
  if (name[2] === '\\') return 'must name a computer after the two backslashes: . for this one'
  const end = name.indexOf('\\', 2)
  if (end < 0) return 'must have \\pipe\\ behind the computer name'
  const computer = name.slice(2, end)
  if (!isComputerName(computer)) {
    return `has a computer name, ${computer}, with a character that none may have (a plain NetBIOS name, or . for this computer)`
  }
  if (name.slice(end, end + PIPE.length) !== PIPE)
    return 'must have \\pipe\\, in small letters, behind the computer name'
  const rest = name.slice(end + PIPE.length)
  if (rest.length === 0) return 'must have a name behind \\pipe\\'
  if (rest.includes('\\'))
    return 'must not have a backslash in the name of the pipe itself (LocalStream and LocalListener take it as pipe:DIR\\NAME)'
  return undefined
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` with the reason in words. */
export const checkPipeName = (name: string): void => {
  if (typeof name !== 'string')
    throw invalidArgument('fromPathname', 'the name of the pipe', 'a string', name)
  const fault = faultOf(name)
  if (fault !== undefined) throw invalidValue('fromPathname', 'the name of the pipe', fault, name)
}

/** Errors of named pipes under Node's names of calls: `connect` failed, not CreateFileW. */
import { SocketError } from '@uds/winsock-ffi'

const advice: Readonly<Record<string, string>> = {
  'connect ENOENT': 'no pipe has this name: is the name right, and the server started?',
  'connect EBUSY': 'all instances of the pipe are in use: try again, or raise the backlog of the server',
  'connect EACCES': 'the access control list of the pipe admits other users only where its server says so',
  'listen EADDRINUSE':
    'another process has the name, and this user may add no instance to its pipe: choose another name',
}

/** The same failure, as one of `syscall` on this address. */
export const renameFailure = (syscall: 'connect' | 'listen', address: string, cause: unknown): unknown => {
  if (!(cause instanceof SocketError)) return cause
  const { code, nativeCode } = cause
  return new SocketError({ code, syscall, address, nativeCode, advice: advice[`${syscall} ${code}`], cause })
}

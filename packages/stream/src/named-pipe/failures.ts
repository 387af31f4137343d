/** The errors of named pipes under the names that Node gives to calls: `connect` is what failed, not CreateFileW. */
import { SocketError } from '@uds/winsock-ffi'

const advice: Readonly<Record<string, string>> = {
  'connect ENOENT': 'no pipe has this name: is the name right, and the server started?',
  'connect EBUSY': 'all instances of the pipe are taken: try again, or give the server a larger backlog',
  'connect EACCES': 'the access control list of the pipe lets other users in only if its server says so',
  'listen EADDRINUSE':
    'another server has the name, or somebody else, whom this user may not join: choose another name',
}

/** The same failure, as one of `syscall` on this address. */
export const failedTo = (syscall: 'connect' | 'listen', address: string, cause: unknown): unknown => {
  if (!(cause instanceof SocketError)) return cause
  const { code, nativeCode } = cause
  return new SocketError({ code, syscall, address, nativeCode, advice: advice[`${syscall} ${code}`], cause })
}

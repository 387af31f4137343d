/** Pipes that something else opened: whether they are what they are taken for. */
import { invalidValue, SocketError } from '@uds/winsock-ffi'
import type { PipeTraits } from './pipe-cells.ts'
import {
  FILE_TYPE_CHAR,
  FILE_TYPE_DISK,
  FILE_TYPE_PIPE,
  PIPE_READMODE_MESSAGE,
  PIPE_SERVER_END,
} from './constants.ts'
import { kernel32 } from '../../libraries/win32.ts'
import { directionOf, isConnected, isSynchronous } from './information.ts'

const WHERE = 'fromRawHandle'

const kinds: Readonly<Record<number, string>> = {
  [FILE_TYPE_DISK]: 'is a file',
  [FILE_TYPE_CHAR]: 'is a console or a device',
}

const wrong = (handle: number, fault: string): TypeError =>
  invalidValue(WHERE, 'the handle', `must be a connected named pipe, and ${fault}`, handle)

/**
 * Asks the system what a handle is; a wrong one stays the caller's.
 *
 * @throws SocketError `EBADF` for a number that is no open handle; TypeError `ERR_INVALID_ARG_VALUE` for one of another
 *   kind.
 */
export const pipeTraitsOf = (handle: number): PipeTraits => {
  const kind = kernel32.GetFileType.attempt(handle)
  const flags = new Uint32Array(1)
  if (kind !== FILE_TYPE_PIPE) {
    if (kinds[kind] !== undefined) throw wrong(handle, kinds[kind])
    throw new SocketError({
      code: 'EBADF',
      syscall: WHERE,
      detail: `the handle ${handle} is not open in this process`,
      advice: 'it takes the number of an open HANDLE of a named pipe, as intoRawHandle() gives it',
    })
  }
  // Sockets are of the same type for GetFileType.
  if (kernel32.GetNamedPipeInfo.attempt(handle, flags, null, null, null) < 0) {
    throw wrong(handle, 'is a socket, or something else that is no pipe')
  }
  const server = (flags[0]! & PIPE_SERVER_END) !== 0
  if (isSynchronous(handle)) {
    throw wrong(handle, 'was opened without FILE_FLAG_OVERLAPPED, so that no call could have a timeout')
  }
  if (!isConnected(handle)) throw wrong(handle, 'has no client: call ConnectNamedPipe first')
  const known = kernel32.GetNamedPipeHandleStateW.attempt(handle, flags, null, null, null, null, 0) >= 0
  const message = known && (flags[0]! & PIPE_READMODE_MESSAGE) !== 0
  return { server, message, direction: directionOf(handle) ?? 'both' }
}

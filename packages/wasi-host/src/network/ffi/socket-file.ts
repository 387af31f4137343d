/** What is in the way of binding to the file of an AF_UNIX stream socket. */
import {
  isSocketFile,
  refuses,
  removeSocketFile,
  socketFileId,
  sockets,
  type SocketHandle,
  type UnixAddress,
} from '@uds/winsock-ffi'
import { failureOf } from '../../outcome/failure.ts'

/**
 * Binds a stream socket to a file, over that of a server that died if that is what is in the way: as `listen` of
 * `@uds/stream` does it.
 *
 * @throws SocketError as `sockets.bind`.
 */
export const bindToFile = (handle: SocketHandle, address: UnixAddress, path: string): void => {
  try {
    sockets.bind(handle, address)
  } catch (error) {
    const found = socketFileId(path)
    // Linux refuses a connect to a regular file as well (connect(2)); only sockets are ever removed.
    const stale = failureOf(error).code === 'EADDRINUSE' && isSocketFile(path) && refuses(address)
    // Another process may have taken the path since.
    if (!stale || socketFileId(path) !== found) throw error
    removeSocketFile(path)
    sockets.bind(handle, address)
  }
}

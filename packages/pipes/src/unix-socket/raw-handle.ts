/** Sockets that something else opened: whether they are what they are taken for. */
import {
  invalidValue,
  SOCK_DGRAM,
  SOCK_STREAM,
  SocketError,
  sockets,
  UnixAddress,
  type SocketHandle,
  type SocketType,
} from '@uds/winsock-ffi'
import { integer } from '@uds/winsock-ffi/internal'

const WHERE = 'fromRawHandle'

const typeNames: Readonly<Record<number, SocketType>> = { [SOCK_STREAM]: 'stream', [SOCK_DGRAM]: 'datagram' }

/** The type of the socket; an error of this call says that the number is no socket. */
const typeOf = (socket: SocketHandle): SocketType | 'other' => {
  try {
    return typeNames[sockets.getOption(socket, 'SO_TYPE')] ?? 'other'
  } catch (error) {
    const { code, nativeCode } = error as SocketError
    if (code !== 'EBADF' && code !== 'ENOTSOCK') throw error
    throw new SocketError({
      code,
      syscall: WHERE,
      nativeCode,
      detail: `the handle ${socket.fd} is ${code === 'EBADF' ? 'not open in this process' : 'no socket, but a file, a pipe or a device'}`,
      advice: 'it takes the number of an open AF_UNIX socket, as intoRawHandle() gives it',
    })
  }
}

/** What the system knows of the socket; undefined where it does not. */
const known = <T>(ask: () => T): T | undefined => {
  try {
    return ask()
  } catch {
    return undefined
  }
}

/** Netlink, vsock and others have streams and datagrams as well. */
const familyFault = (socket: SocketHandle): string | undefined => {
  try {
    const address = sockets.localAddress(socket)
    return address instanceof UnixAddress ? undefined : `is a socket of ${address}`
  } catch (error) {
    return (error as SocketError).code === 'EAFNOSUPPORT' ? 'is a socket of another family' : undefined
  }
}

/** What is wrong with the socket, in words. */
const faultOf = (socket: SocketHandle, wanted: SocketType, listening: boolean): string | undefined => {
  const type = typeOf(socket)
  if (type !== wanted) return `is a ${type === 'other' ? 'socket of another type' : `${type} socket`}`
  const family = familyFault(socket)
  if (family !== undefined) return family
  const listens = known(() => sockets.getOption(socket, 'SO_ACCEPTCONN'))
  if (listens === undefined || listens === listening) return undefined
  return listens ? 'listens: take it with UnixListener' : 'does not listen: call listen(2) first'
}

/**
 * Checks a handle; a wrong one stays the caller's.
 *
 * @throws RangeError, TypeError for what is no number of a handle, `ERR_INVALID_ARG_VALUE` for a socket of another kind;
 *   SocketError `EBADF` for a number that is not open, `ENOTSOCK` for something that is no socket.
 */
export const checkedSocket = (handle: number, type: 'stream' | 'datagram', listening: boolean): number => {
  const socket = sockets.fromFd(integer(WHERE, 'the handle', handle, 0, 2 ** 31 - 1), 'unix', type)
  try {
    const fault = faultOf(socket, type, listening)
    if (fault === undefined) return handle
    const wanted = `${listening ? 'a listening' : 'an'} AF_UNIX ${type} socket`
    throw invalidValue(WHERE, 'the handle', `must be ${wanted}, and ${fault}`, handle)
  } finally {
    socket.release()
  }
}

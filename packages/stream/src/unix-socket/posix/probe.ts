/** Whether a socket is behind a file, without its owner noticing. */
import { hasBackend, sockets, UnixAddress } from '@uds/winsock-ffi'
import { codeOf, net, shortPath, system } from '@uds/winsock-ffi/internal'

/** `alive`: a socket is there. `dead`: the file has no socket any more. Else the code of the system. */
export type ProbeResult = 'alive' | 'dead' | (string & {})

const resultOf = (code: string | undefined): ProbeResult => {
  if (code === 'ECONNREFUSED') return 'dead'
  // The backlog is full; a socket of another kind; a datagram socket that is connected to a third one.
  if (code === undefined || code === 'EAGAIN' || code === 'EPROTOTYPE' || code === 'EPERM') return 'alive'
  return code
}

/**
 * A datagram socket cannot be connected to a stream socket: EPROTOTYPE where there is one, whether or not it listens
 * yet, ECONNREFUSED where there is none (unix_find_bsd in net/unix/af_unix.c; unp_connect in bsd/kern/uipc_usrreq.c).
 * Neither is an event for its owner.
 */
const probeByDatagram = (path: string): ProbeResult => {
  const handle = sockets.open('unix', 'datagram')
  try {
    handle.setNonblocking(true)
    sockets.connect(handle, UnixAddress.path(path))
    return 'alive'
  } catch (error) {
    return resultOf(codeOf(error) ?? 'UNKNOWN')
  } finally {
    handle.close()
  }
}

/** Without system calls: a connection, which the server accepts and finds closed. */
const probeByConnecting = (path: string): Promise<ProbeResult> =>
  new Promise((resolve) => {
    const socket = net().connect({ path })
    const settle = (code: string | undefined): void => {
      socket.destroy()
      resolve(resultOf(code))
    }
    socket.once('connect', () => settle(undefined))
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? 'UNKNOWN'))
  })

export const probe = async (path: string): Promise<ProbeResult> => {
  const target = shortPath(path, 'connect')
  try {
    return hasBackend() && system !== 'other'
      ? probeByDatagram(target.path)
      : await probeByConnecting(target.path)
  } finally {
    target.close()
  }
}

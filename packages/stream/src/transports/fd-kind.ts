/** Whether a descriptor is one that `connect('fd:N')` and `listen('fd:N')` take, found out before Node has it. */
import { hasBackend, SocketError, sockets } from '@uds/winsock-ffi'
import { codeOf, statDescriptor } from '@uds/winsock-ffi/internal'
import { inspectSocket } from '../inherited/inspect-socket.ts'
import { callFor, kindOf, nouns, type DescriptorKind } from '../inherited/kind.ts'

/** Node would take an unconnected socket for a connection that never says anything. */
const requirePeer = (fd: number): void => {
  const borrowed = sockets.fromFd(fd, 'unix')
  try {
    sockets.peerAddress(borrowed)
  } catch (cause) {
    if (codeOf(cause) !== 'ENOTCONN') return
    throw new SocketError({
      code: 'ENOTCONN',
      syscall: 'connect',
      address: `fd:${fd}`,
      detail: 'the socket is not connected',
      advice: 'connect it first, or pass connect() the address of the server',
      cause,
    })
  } finally {
    borrowed.release()
  }
}

const refuseVsock = (fd: number, call: string): void => {
  if (!statDescriptor(fd).isSocket() || inspectSocket(fd)?.family !== 'vsock') return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: call,
    address: `fd:${fd}`,
    detail: 'the descriptor is a vsock socket, which Node has no class for',
    advice: 'connect and listen open vsock:CID:PORT themselves',
  })
}

const taken: Readonly<Record<'connect' | 'listen', readonly DescriptorKind[]>> = {
  // Node itself refuses what is left.
  connect: ['stream', 'fifo', 'other'],
  listen: ['stream-listener', 'other'],
}

/** The others are sockets of another type: `EPROTOTYPE`. */
const codes: Readonly<Record<'connect' | 'listen', Readonly<Partial<Record<DescriptorKind, string>>>>> = {
  connect: { 'stream-listener': 'EINVAL', file: 'ENOTSOCK' },
  listen: { stream: 'EINVAL', fifo: 'EINVAL', file: 'EINVAL' },
}

/**
 * Without koffi sockets are left to Node, whose refusal comes later and says less.
 *
 * @throws SocketError `EINVAL`, `EPROTOTYPE`, `ENOTSOCK`, `ENOTCONN`; the call that takes it is in the message.
 */
export const requireKind = (call: 'connect' | 'listen', fd: number): void => {
  if (!hasBackend()) return
  refuseVsock(fd, call)
  const kind = kindOf(fd, call)
  if (!taken[call].includes(kind)) {
    const other = callFor(kind, fd)
    throw new SocketError({
      code: codes[call][kind] ?? 'EPROTOTYPE',
      syscall: call,
      address: `fd:${fd}`,
      detail: `the descriptor is ${nouns[kind]}`,
      advice: other && `${other} takes it`,
    })
  }
  if (call === 'connect' && kind === 'stream') requirePeer(fd)
}

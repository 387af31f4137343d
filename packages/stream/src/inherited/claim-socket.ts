/** Checks a socket that a caller hands over, before anything reads it. */
import { invalidArgument, SocketError, SocketHandle, sockets, type SocketType } from '@uds/winsock-ffi'
import { inspectSocket, type SocketInfo } from './inspect-socket.ts'
import { callFor, kindOfSocket } from './kind.ts'
import type { PassedSocket } from './listen-fds.ts'

/** A socket that the callee takes over: a SocketHandle, the number of a descriptor, an entry of `listenFds()`. */
export type SocketSource = SocketHandle | number | Pick<PassedSocket, 'fd'>

const ownSockets = new WeakSet<SocketHandle>()

/** Marks a connection that this package accepted or made: {@link adoptSocket} asks the system nothing about it. */
export const markOwn = (handle: SocketHandle): SocketHandle => {
  ownSockets.add(handle)
  return handle
}

/** The sockets that a caller accepts. */
export interface WantedSocket {
  readonly type: SocketType
  /** `bound` is a datagram socket, connected or not. */
  readonly state: 'connected' | 'listening' | 'bound'
}

const nouns: Readonly<Record<SocketType, string>> = {
  stream: 'an AF_UNIX stream socket',
  datagram: 'an AF_UNIX datagram socket',
  seqpacket: 'an AF_UNIX seqpacket socket',
}

/** Node's loop reads the descriptor of each live net.Socket; `_getActiveHandles` has all but those that are unref'ed. */
const isOfNode = (fd: number): boolean => {
  const { _getActiveHandles: list } = process as { _getActiveHandles?: () => unknown[] }
  return (list?.call(process) ?? []).some((each) => {
    const { _handle: handle } = (each ?? {}) as { _handle?: { fd?: unknown } | null }
    return handle?.fd === fd
  })
}

const problem = (
  info: SocketInfo | undefined,
  fd: number,
  wanted: WantedSocket,
): [string, string] | undefined => {
  if (info === undefined) return ['EAFNOSUPPORT', `the socket is not ${nouns[wanted.type]}`]
  if (info.family !== 'unix')
    return ['EAFNOSUPPORT', `the socket is of the family ${info.family}, not AF_UNIX`]
  if (info.type !== wanted.type)
    return ['EPROTOTYPE', `the socket is ${nouns[info.type]}, not ${nouns[wanted.type]}`]
  if (info.listens && wanted.state !== 'listening')
    return ['EINVAL', 'the socket listens, and is no connection']
  if (!info.listens && wanted.state === 'listening') return ['EINVAL', 'the socket does not listen']
  if (wanted.state === 'connected' && !info.connected) return ['ENOTCONN', 'the socket is not connected']
  if (isOfNode(fd))
    return ['EBUSY', `Node's loop reads this descriptor already: a net.Socket or net.Server has it`]
  return undefined
}

const requireDescriptor = (where: string, source: unknown): number => {
  const fd: unknown =
    typeof source === 'number' ? source : (source as { fd?: unknown } | null | undefined)?.fd
  if (typeof fd === 'number' && Number.isInteger(fd)) return fd
  throw invalidArgument(
    where,
    'the socket',
    'a descriptor, a SocketHandle or an entry of listenFds()',
    source,
  )
}

/**
 * Takes over a socket that something else opened. When this throws, it stays with the caller.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` for a negative number; SocketError `EBADF`,
 *   `ENOTSOCK`, `EAFNOSUPPORT`, `EPROTOTYPE`, `EINVAL`, `ENOTCONN`, `EBUSY` for a descriptor of a net.Socket.
 */
const claimSocket = (where: string, source: SocketSource, wanted: WantedSocket): SocketHandle => {
  if (source instanceof SocketHandle && ownSockets.has(source) && !source.closed) return source
  const fd = requireDescriptor(where, source)
  if (source instanceof SocketHandle && source.closed)
    throw new SocketError({ code: 'EBADF', syscall: where, detail: 'the socket is closed' })
  let info: SocketInfo | undefined
  try {
    info = inspectSocket(fd)
  } catch (cause) {
    if (!(cause instanceof SocketError)) throw cause
    const detail = cause.code === 'ENOTSOCK' ? 'it is no socket' : 'it is not open'
    throw new SocketError({ code: cause.code, syscall: where, detail: `descriptor ${fd}: ${detail}`, cause })
  }
  const found = problem(info, fd, wanted)
  if (found) {
    const [code, detail] = found
    const fits = info?.family === 'unix' && code !== 'EBUSY' && code !== 'ENOTCONN' ? info : undefined
    throw new SocketError({
      code,
      syscall: where,
      detail: `descriptor ${fd}: ${detail}`,
      advice: fits && `${callFor(kindOfSocket(fits.type, fits.listens), fd)} takes it`,
    })
  }
  return source instanceof SocketHandle ? source : sockets.fromFd(fd, 'unix', wanted.type)
}

/**
 * Makes something of a socket that a caller hands over. When this throws, the socket stays with the caller.
 *
 * @throws As {@link claimSocket}, and as `make`.
 */
export const adoptSocket = <T>(
  where: string,
  source: SocketSource,
  wanted: WantedSocket,
  make: (handle: SocketHandle) => T,
): T => {
  const handle = claimSocket(where, source, wanted)
  try {
    return make(handle)
  } catch (error) {
    if (handle !== source && !handle.closed) handle.release()
    throw error
  }
}

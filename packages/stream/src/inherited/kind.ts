/** What a descriptor is that something else opened, in one word, and which call takes it. */
import {
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SocketError,
  sockets,
  type SocketType,
} from '@uds/winsock-ffi'
import { codeOf, statDescriptor } from '@uds/winsock-ffi/internal'

/**
 * What a descriptor is. `stream` and `seqpacket` are connections, or sockets that could become one. `other` is a socket that
 * has no class here (netlink, raw), or what is neither file nor socket (eventfd, epoll).
 */
export type DescriptorKind =
  | 'stream-listener'
  | 'stream'
  | 'datagram'
  | 'seqpacket-listener'
  | 'seqpacket'
  | 'fifo'
  | 'file'
  | 'other'

/** SO_TYPE of the sockets that have a class. */
export const socketTypes: Readonly<Record<number, SocketType | undefined>> = {
  [SOCK_STREAM]: 'stream',
  [SOCK_DGRAM]: 'datagram',
  [SOCK_SEQPACKET]: 'seqpacket',
}

export const kindOfSocket = (type: SocketType, listens: boolean): DescriptorKind =>
  type === 'datagram' || !listens ? type : `${type}-listener`

const socketKind = (fd: number): DescriptorKind => {
  // No call below depends on the family.
  const borrowed = sockets.fromFd(fd, 'unix')
  try {
    const type = socketTypes[sockets.getOption(borrowed, 'SO_TYPE')]
    if (type === undefined) return 'other'
    return kindOfSocket(type, type !== 'datagram' && sockets.getOption(borrowed, 'SO_ACCEPTCONN'))
  } finally {
    borrowed.release()
  }
}

/**
 * Asks the system; for a socket by koffi.
 *
 * @throws SocketError `EBADF` for one that is not open.
 */
export const kindOf = (fd: number, where: string): DescriptorKind => {
  let found
  try {
    found = statDescriptor(fd)
  } catch (cause) {
    throw new SocketError({
      code: codeOf(cause) ?? 'EBADF',
      syscall: where,
      detail: `descriptor ${fd} is not open`,
      cause,
    })
  }
  if (found.isSocket()) return socketKind(fd)
  if (found.isFIFO()) return 'fifo'
  const isFile = found.isFile() || found.isCharacterDevice() || found.isBlockDevice() || found.isDirectory()
  return isFile ? 'file' : 'other'
}

/** For messages. */
export const nouns: Readonly<Record<DescriptorKind, string>> = {
  'stream-listener': 'a stream socket that listens',
  stream: 'a stream socket that does not listen, as a connection is',
  datagram: 'a datagram socket',
  'seqpacket-listener': 'a seqpacket socket that listens',
  seqpacket: 'a seqpacket socket that does not listen, as a connection is',
  fifo: 'a FIFO',
  file: 'a file or a device, and no socket',
  other: 'no socket of a kind that this package knows',
}

/** The call that takes it over. */
export const callFor = (kind: DescriptorKind, fd: number): string | undefined =>
  ({
    'stream-listener': `listen('fd:${fd}')`,
    stream: `connect('fd:${fd}')`,
    datagram: `UnixDatagramSocket.from(${fd})`,
    'seqpacket-listener': `SeqpacketListener.from(${fd})`,
    seqpacket: `SeqpacketSocket.from(${fd})`,
    fifo: `connect('fd:${fd}')`,
    file: `fs.createReadStream('', { fd: ${fd} })`,
    other: undefined,
  })[kind]

/**
 * Sockets of Linux as the kernel reports them in binary: sock_diag(7), unix_diag. A name is a field of its own there, whatever
 * bytes it has; in the lines of /proc/net/unix a name with a line end can look like another socket.
 *
 * ```c
 * struct nlmsghdr      { __u32 nlmsg_len; __u16 nlmsg_type, nlmsg_flags; __u32 nlmsg_seq, nlmsg_pid; };          // 16 bytes
 * struct unix_diag_req { __u8 sdiag_family, sdiag_protocol; __u16 pad; __u32 udiag_states, udiag_ino, udiag_show,
 *                        udiag_cookie[2]; };                                                                     // 24
 * struct unix_diag_msg { __u8 udiag_family, udiag_type, udiag_state, pad; __u32 udiag_ino, udiag_cookie[2]; };   // 16
 * struct nlattr        { __u16 nla_len, nla_type; };                                          // 4, each aligned to 4
 * ```
 */
import { Descriptor, libc } from '@uds/winsock-ffi'
import type { UnixSocket } from './unix-socket.ts'

// <linux/socket.h>, <linux/netlink.h>, <linux/sock_diag.h>
const AF_UNIX = 1
const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const NETLINK_SOCK_DIAG = 4
const SOCK_DIAG_BY_FAMILY = 20
const NLM_F_REQUEST = 1
const NLM_F_DUMP = 0x300
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
// <linux/unix_diag.h>
const UDIAG_SHOW_NAME = 1
const UDIAG_SHOW_VFS = 2
const UDIAG_SHOW_UID = 0x40
const UNIX_DIAG_NAME = 0
const UNIX_DIAG_VFS = 1
const UNIX_DIAG_UID = 7
// <net/tcp_states.h>, which AF_UNIX uses
const ESTABLISHED = 1
const LISTEN = 10

const HEADER_SIZE = 16
const REQUEST_SIZE = 24
const MESSAGE_SIZE = 16
const ATTRIBUTE_SIZE = 4
/** The kernel fills at most 32 KiB at a time. */
const BUFFER_SIZE = 65_536

const types: Readonly<Record<number, UnixSocket['type']>> = { 1: 'stream', 2: 'datagram', 5: 'seqpacket' }

const align = (length: number): number => (length + 3) & ~3

const request = (): Uint8Array => {
  const view = new DataView(new ArrayBuffer(HEADER_SIZE + REQUEST_SIZE))
  view.setUint32(0, view.byteLength, true)
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true)
  view.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, true)
  view.setUint32(8, 1, true)
  view.setUint8(HEADER_SIZE, AF_UNIX)
  view.setUint32(HEADER_SIZE + 4, 0xffff_ffff, true)
  view.setUint32(HEADER_SIZE + 12, UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_UID, true)
  return new Uint8Array(view.buffer)
}

/** `sun_path` as text, with @ for the first NUL of an abstract name. */
const nameOf = (bytes: Buffer): string => {
  if (bytes[0] === 0) return `@${bytes.toString('utf8', 1)}`
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

const readSocket = (message: Buffer): UnixSocket => {
  let path: string | undefined
  let fileInode: number | undefined
  let uid: number | undefined
  for (let at = MESSAGE_SIZE; at + ATTRIBUTE_SIZE <= message.length;) {
    const length = message.readUInt16LE(at)
    if (length < ATTRIBUTE_SIZE) break
    const type = message.readUInt16LE(at + 2)
    const value = message.subarray(at + ATTRIBUTE_SIZE, at + length)
    if (type === UNIX_DIAG_NAME && value.length > 0) path = nameOf(value)
    if (type === UNIX_DIAG_VFS && value.length >= 4) fileInode = value.readUInt32LE(0)
    if (type === UNIX_DIAG_UID && value.length >= 4) uid = value.readUInt32LE(0)
    at += align(length)
  }
  const state = message[2]
  return {
    inode: message.readUInt32LE(4),
    type: types[message[1] ?? 0] ?? 'stream',
    listening: state === LISTEN,
    connected: state === ESTABLISHED,
    path,
    fileInode,
    uid,
  }
}

/** Parses one reply. `done` is true with the last one; an error of the kernel throws. */
export const parseReply = (bytes: Buffer): { readonly sockets: UnixSocket[]; readonly done: boolean } => {
  const sockets: UnixSocket[] = []
  for (let at = 0; at + HEADER_SIZE <= bytes.length;) {
    const length = bytes.readUInt32LE(at)
    const type = bytes.readUInt16LE(at + 4)
    if (type === NLMSG_DONE) return { sockets, done: true }
    if (type === NLMSG_ERROR || length < HEADER_SIZE)
      throw new Error(`sock_diag: error ${-bytes.readInt32LE(at + HEADER_SIZE)}`)
    if (type === SOCK_DIAG_BY_FAMILY) sockets.push(readSocket(bytes.subarray(at + HEADER_SIZE, at + length)))
    at += align(length)
  }
  return { sockets, done: false }
}

/** Asks the kernel. @throws SocketError without koffi; Error where the kernel has no unix_diag. */
export const querySockets = (): UnixSocket[] => {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
  const socket = new Descriptor(fd, 'the socket of sock_diag')
  try {
    const message = request()
    libc.send(socket.fd, message, message.length, 0)
    const buffer = Buffer.alloc(BUFFER_SIZE)
    const found: UnixSocket[] = []
    for (;;) {
      const length = libc.recv(socket.fd, buffer, buffer.length, 0)
      const { sockets, done } = parseReply(buffer.subarray(0, length))
      found.push(...sockets)
      if (done || length === 0) return found
    }
  } finally {
    socket.close()
  }
}

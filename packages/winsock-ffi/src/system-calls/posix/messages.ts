/**
 * sendmsg and recvmsg: several parts, an address, and descriptors in SCM_RIGHTS (unix(7), cmsg(3)).
 *
 * ```c
 * struct iovec   { void *iov_base; size_t iov_len; };                                              // 16 bytes
 * // Linux (glibc, musl), 64 bits
 * struct msghdr  { void *msg_name; socklen_t msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
 *                  void *msg_control; size_t msg_controllen; int msg_flags; };                     // 56 bytes
 * struct cmsghdr { size_t cmsg_len; int cmsg_level; int cmsg_type; };                              // 16, aligned to 8
 * // macOS
 * struct msghdr  { void *msg_name; socklen_t msg_namelen; struct iovec *msg_iov; int msg_iovlen;
 *                  void *msg_control; socklen_t msg_controllen; int msg_flags; };                  // 48 bytes
 * struct cmsghdr { socklen_t cmsg_len; int cmsg_level; int cmsg_type; };                           // 12, aligned to 4
 * ```
 */
import { addressOf } from '../../binding/load-backend.ts'
import type { IncomingMessage, OutgoingMessage, SenderCredentials } from '../system-calls.ts'
import { SOCKADDR_STORAGE_SIZE } from '../../address/sockaddr.ts'
import { constants as c, linux, onDarwin } from '../../constants/posix.ts'
import { libc } from '../../libraries/posix/prototypes.ts'

/** Offsets of `struct msghdr` and sizes of `struct cmsghdr`. */
export interface MessageLayout {
  readonly size: number
  readonly namelen: number
  readonly iov: number
  readonly iovlen: number
  readonly control: number
  readonly controllen: number
  readonly flags: number
  readonly cmsgHeader: number
  readonly cmsgAlign: number
}

export const linuxMessage: MessageLayout = {
  size: 56,
  namelen: 8,
  iov: 16,
  iovlen: 24,
  control: 32,
  controllen: 40,
  flags: 48,
  cmsgHeader: 16,
  cmsgAlign: 8,
}

export const darwinMessage: MessageLayout = {
  size: 48,
  namelen: 8,
  iov: 16,
  iovlen: 24,
  control: 32,
  controllen: 40,
  flags: 44,
  cmsgHeader: 12,
  cmsgAlign: 4,
}

const m = onDarwin ? darwinMessage : linuxMessage
/** The levels and lengths that are size_t on Linux are 32 bits on macOS; little-endian, so a small one reads the same. */
const align = (length: number): number => Math.ceil(length / m.cmsgAlign) * m.cmsgAlign
/** CMSG_SPACE */
const cmsgSpace = (bytes: number): number => align(m.cmsgHeader) + align(bytes)
/** CMSG_LEN */
const cmsgLength = (bytes: number): number => align(m.cmsgHeader) + bytes

interface Header {
  readonly header: DataView
  readonly iov: DataView
  readonly control: DataView
  readonly name: Uint8Array
  /** Everything that the header points at, kept reachable until the call has returned. */
  readonly keep: readonly unknown[]
}

const address = (view: ArrayBufferView): bigint => (view.byteLength === 0 ? 0n : addressOf(view))

const makeHeader = (parts: readonly Uint8Array[], nameSize: number, controlSize: number): Header => {
  const header = new DataView(new ArrayBuffer(m.size))
  const iov = new DataView(new ArrayBuffer(Math.max(16, 16 * parts.length)))
  const control = new DataView(new ArrayBuffer(controlSize))
  const name = new Uint8Array(nameSize)
  parts.forEach((part, index) => {
    iov.setBigUint64(16 * index, address(part), true)
    iov.setBigUint64(16 * index + 8, BigInt(part.byteLength), true)
  })
  header.setBigUint64(0, address(name), true)
  header.setUint32(m.namelen, nameSize, true)
  header.setBigUint64(m.iov, address(iov), true)
  header.setUint32(m.iovlen, parts.length, true)
  header.setBigUint64(m.control, address(control), true)
  header.setUint32(m.controllen, controlSize, true)
  return { header, iov, control, name, keep: [iov, control, name, ...parts] }
}

/** struct ucred { pid_t pid; uid_t uid; gid_t gid; } - unix(7) */
const UCRED_SIZE = 12

const writeCredentials = (control: DataView, at: number, { pid, uid, gid }: SenderCredentials): void => {
  control.setUint32(at, cmsgLength(UCRED_SIZE), true)
  control.setInt32(at + m.cmsgHeader - 8, c.SOL_SOCKET, true)
  control.setInt32(at + m.cmsgHeader - 4, linux.SCM_CREDENTIALS, true)
  const data = at + align(m.cmsgHeader)
  control.setInt32(data, pid, true)
  control.setUint32(data + 4, uid, true)
  control.setUint32(data + 8, gid, true)
}

export const sendMessage = (fd: number, message: OutgoingMessage, flags: number): number => {
  const { parts, descriptors, to, credentials } = message
  const payload = 4 * descriptors.length
  const rightsSpace = payload === 0 ? 0 : cmsgSpace(payload)
  const made = makeHeader(parts, to?.length ?? 0, rightsSpace + (credentials ? cmsgSpace(UCRED_SIZE) : 0))
  if (to) made.name.set(to)
  if (credentials) writeCredentials(made.control, rightsSpace, credentials)
  if (payload > 0) {
    const at = m.cmsgHeader
    made.control.setUint32(0, cmsgLength(payload), true)
    made.control.setInt32(at - 8, c.SOL_SOCKET, true)
    made.control.setInt32(at - 4, c.SCM_RIGHTS, true)
    descriptors.forEach((each, index) => made.control.setInt32(align(at) + 4 * index, each, true))
  }
  const result = libc.sendmsg.attempt(fd, made.header, flags | c.MSG_NOSIGNAL)
  return made.keep.length > 0 ? result : 0
}

/** Puts the descriptors in the control data into the result, each now belonging to this process, and the sender. */
const readControl = (control: DataView, length: number, result: IncomingMessage): void => {
  let at = 0
  while (at + m.cmsgHeader <= length) {
    const size = control.getUint32(at, true)
    if (size < m.cmsgHeader) break
    const level = control.getInt32(at + m.cmsgHeader - 8, true)
    const type = control.getInt32(at + m.cmsgHeader - 4, true)
    if (level === c.SOL_SOCKET && type === c.SCM_RIGHTS) {
      const end = Math.min(at + size, length)
      for (let each = at + align(m.cmsgHeader); each + 4 <= end; each += 4)
        result.descriptors.push(control.getInt32(each, true))
    }
    if (
      result.credentials !== false &&
      level === c.SOL_SOCKET &&
      type === linux.SCM_CREDENTIALS &&
      !onDarwin
    ) {
      const data = at + align(m.cmsgHeader)
      result.credentials = {
        pid: control.getInt32(data, true),
        uid: control.getUint32(data + 4, true),
        gid: control.getUint32(data + 8, true),
        sid: undefined,
      }
    }
    at += align(size)
  }
}

/** What every recvmsg of this thread fills: the call is synchronous, and its results are copied. */
interface Receiving {
  readonly header: DataView
  readonly iov: DataView
  readonly control: DataView
  readonly name: Uint8Array
  /** The memory that `iov` points at. */
  buffer: Uint8Array | undefined
}

/** A larger one is not kept for the next call: it would outlive its last user. */
const LARGEST_KEPT = 262_144

/** SCM_MAX_FD */
const MAX_DESCRIPTORS = 253

let receiving: Receiving | undefined

const makeReceiving = (): Receiving => {
  const { header, control, name, iov } = makeHeader(
    [new Uint8Array(1)],
    SOCKADDR_STORAGE_SIZE,
    cmsgSpace(UCRED_SIZE) + cmsgSpace(4 * MAX_DESCRIPTORS),
  )
  return { header, iov, control, name, buffer: undefined }
}

export const receiveMessage = (
  fd: number,
  buffer: Uint8Array,
  maxDescriptors: number,
  flags: number,
  result: IncomingMessage,
): number => {
  // Credentials have room in any case: SO_PASSCRED sends them first, and descriptors without room would be lost.
  const controlSize = cmsgSpace(UCRED_SIZE) + (maxDescriptors === 0 ? 0 : cmsgLength(4 * maxDescriptors))
  const memory = (receiving ??= makeReceiving())
  const { header, iov, control, name } = memory
  // Asking for an address costs as much as half of the call; most callers come with the memory of the call before.
  if (memory.buffer !== buffer) {
    iov.setBigUint64(0, address(buffer), true)
    memory.buffer = buffer.byteLength <= LARGEST_KEPT ? buffer : undefined
  }
  iov.setUint32(8, buffer.byteLength, true)
  iov.setUint32(12, Math.floor(buffer.byteLength / 2 ** 32), true)
  header.setUint32(m.namelen, SOCKADDR_STORAGE_SIZE, true)
  header.setUint32(m.controllen, controlSize, true)
  const bytes = libc.recvmsg.attempt(fd, header, flags | c.MSG_CMSG_CLOEXEC)
  if (bytes < 0) return bytes
  const flagsOut = header.getInt32(m.flags, true)
  const nameLength = result.named ? header.getUint32(m.namelen, true) : 0
  if (nameLength > 0) result.from = name.slice(0, nameLength)
  result.truncated = (flagsOut & c.MSG_TRUNC) !== 0
  result.descriptorsTruncated = (flagsOut & c.MSG_CTRUNC) !== 0
  const controlLength = header.getUint32(m.controllen, true)
  if (controlLength === 0) return bytes
  readControl(control, controlLength, result)
  if (onDarwin) for (const each of result.descriptors) libc.fcntl(each, c.F_SETFD, c.FD_CLOEXEC)
  // The kernel fills what room there is, also that of credentials which the sender did not send.
  for (const each of result.descriptors.splice(maxDescriptors)) {
    libc.close.attempt(each)
    result.descriptorsTruncated = true
  }
  return bytes
}

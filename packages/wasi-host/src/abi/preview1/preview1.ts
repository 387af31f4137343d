/**
 * WASI preview 1: the calls that concern descriptors, for files and sockets alike. Calls on files go on to `PosixWasi`.
 *
 * @see https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
 */
import { Exit, Failure } from '../../outcome/failure.ts'
import { readIovecs } from '../../memory/guest-memory.ts'
import { after } from '../../outcome/sync-promise.ts'
import { pollOneoff } from './poll-oneoff.ts'
import type { StandardStream } from '../../wasi/stdio/standard-stream.ts'
import { readStandard, writeStandard } from '../standard-streams.ts'
import { PREVIEW1 } from '../../module/profile.ts'
import type { Abi, Guest, Row } from '../abi.ts'
import { accept, closeDescriptor, receive, receiveFlags, send, vectorRows } from '../rows.ts'

const FDFLAGS_NONBLOCK = 4

/** `__wasi_filetype_t` */
const FILETYPE_SOCKET_DGRAM = 5
const FILETYPE_SOCKET_STREAM = 6

/** fd_read, fd_fdstat_set_flags, fd_write, fd_filestat_get, poll_fd_readwrite, sock_shutdown, sock_accept */
const SOCKET_RIGHTS =
  (1n << 1n) | (1n << 3n) | (1n << 6n) | (1n << 21n) | (1n << 27n) | (1n << 28n) | (1n << 29n)

/** What wasi-libc takes for a preopen that is no directory, and passes over. */
const PREOPEN_NO_DIRECTORY = 1

const RECV_PEEK = 1
const RECV_WAITALL = 2

/** Which parameters of a call on files are descriptors, and the error for a socket. */
interface FileCall {
  readonly parameters: string
  readonly descriptors: readonly number[]
  readonly onSocket: string
  /** It changes what its descriptors are, or what is in them. */
  readonly changes?: true
}

const fileCalls: Readonly<Record<string, FileCall>> = {
  fd_advise: { parameters: 'iIIi', descriptors: [0], onSocket: 'ESPIPE' },
  fd_allocate: { parameters: 'iII', descriptors: [0], onSocket: 'EINVAL', changes: true },
  fd_datasync: { parameters: 'i', descriptors: [0], onSocket: 'EINVAL' },
  fd_fdstat_set_rights: { parameters: 'iII', descriptors: [0], onSocket: 'ENOTCAPABLE' },
  fd_filestat_set_size: { parameters: 'iI', descriptors: [0], onSocket: 'EINVAL', changes: true },
  fd_filestat_set_times: { parameters: 'iIIi', descriptors: [0], onSocket: 'EINVAL', changes: true },
  fd_pread: { parameters: 'iiiIi', descriptors: [0], onSocket: 'ESPIPE' },
  fd_pwrite: { parameters: 'iiiIi', descriptors: [0], onSocket: 'ESPIPE' },
  fd_readdir: { parameters: 'iiiIi', descriptors: [0], onSocket: 'ENOTDIR' },
  fd_seek: { parameters: 'iIii', descriptors: [0], onSocket: 'ESPIPE' },
  fd_sync: { parameters: 'i', descriptors: [0], onSocket: 'EINVAL' },
  fd_tell: { parameters: 'ii', descriptors: [0], onSocket: 'ESPIPE' },
  path_create_directory: { parameters: 'iii', descriptors: [0], onSocket: 'ENOTDIR', changes: true },
  path_filestat_get: { parameters: 'iiiii', descriptors: [0], onSocket: 'ENOTDIR' },
  path_filestat_set_times: { parameters: 'iiiiIIi', descriptors: [0], onSocket: 'ENOTDIR', changes: true },
  path_link: { parameters: 'iiiiiii', descriptors: [0, 4], onSocket: 'ENOTDIR', changes: true },
  path_readlink: { parameters: 'iiiiii', descriptors: [0], onSocket: 'ENOTDIR' },
  path_remove_directory: { parameters: 'iii', descriptors: [0], onSocket: 'ENOTDIR', changes: true },
  path_rename: { parameters: 'iiiiii', descriptors: [0, 3], onSocket: 'ENOTDIR', changes: true },
  path_symlink: { parameters: 'iiiii', descriptors: [2], onSocket: 'ENOTDIR', changes: true },
  path_unlink_file: { parameters: 'iii', descriptors: [0], onSocket: 'ENOTDIR', changes: true },
}

const readOnly = new Failure('EROFS', 'the directory is read-only for the guest')

/** The file behind a descriptor. */
const file = (guest: Guest, fd: number, onSocket: string, changes = false): number => {
  const entry = guest.fds.get(fd)
  if (entry.kind === 'file') {
    if (changes && entry.readOnly) throw readOnly
    return entry.host
  }
  throw new Failure(onSocket, `the descriptor ${fd} is a socket`)
}

const fileRow = (name: string, { parameters, descriptors, onSocket, changes }: FileCall): Row => ({
  parameters,
  ...(descriptors[0] !== 0 && { subject: 'nothing' }),
  call: (guest, ...args) => {
    for (const index of descriptors) args[index] = file(guest, args[index]!, onSocket, changes)
    return guest.wasi[name]!(...args)
  },
})

const OFLAGS_CREAT = 1
const OFLAGS_DIRECTORY = 2
const OFLAGS_TRUNC = 8
/** fd_write, fd_allocate, fd_filestat_set_size, fd_filestat_set_times */
const RIGHT_WRITE = 1n << 6n
const CHANGING = RIGHT_WRITE | (1n << 8n) | (1n << 22n) | (1n << 23n)

const less = (rights: bigint): bigint => BigInt.asUintN(64, rights) & ~CHANGING

/** The arguments of path_open behind the descriptor, without the rights to change anything. */
const readingOnly = (rest: readonly number[]): (number | bigint)[] => {
  const [dirflags, path, length, oflags, ...others] = rest as [number, number, number, number, ...unknown[]]
  const [rights, inheriting, ...last] = others as [bigint, bigint, ...number[]]
  if ((oflags & (OFLAGS_CREAT | OFLAGS_TRUNC)) !== 0) throw readOnly
  if ((oflags & OFLAGS_DIRECTORY) === 0 && (rights & RIGHT_WRITE) !== 0n) throw readOnly
  return [dirflags, path, length, oflags, less(rights), less(inheriting), ...last]
}

/** Writes a `fdstat`: 24 bytes. */
const fdstat = (guest: Guest, at: number, filetype: number, flags: number): void => {
  guest.memory.check(at, 24)
  guest.memory.setU64(at, 0n)
  guest.memory.setU8(at, filetype)
  guest.memory.setU16(at + 2, flags)
  guest.memory.setU64(at + 8, SOCKET_RIGHTS)
  guest.memory.setU64(at + 16, 0n)
}

const filetypeOf = (guest: Guest, fd: number, kind: 'stream' | 'datagram'): number => {
  const entry = guest.fds.get(fd)
  if (entry.kind === 'socket' && entry.stdio !== undefined) return entry.stdio
  return kind === 'stream' ? FILETYPE_SOCKET_STREAM : FILETYPE_SOCKET_DGRAM
}

/** Serves a call on a socket. */
type OnSocket = (
  guest: Guest,
  at: { readonly fd: number; readonly id: number },
  ...args: number[]
) => ReturnType<Row['call']>

/** Serves a call on a standard stream that is a descriptor of this process. */
type OnStandard = (
  guest: Guest,
  at: { readonly host: number; readonly standard: StandardStream },
  ...args: number[]
) => ReturnType<Row['call']>

/** A call that both files and sockets have. */
const sharedRow = (
  name: string,
  shape: Pick<Row, 'parameters' | 'waits'>,
  onSocket: OnSocket,
  onStandard?: OnStandard,
): Row => ({
  ...shape,
  call: (guest, fd, ...args) => {
    const entry = guest.fds.get(fd)
    if (entry.kind === 'socket') return onSocket(guest, { fd, id: entry.id }, ...args)
    const { host, standard } = entry
    return standard && onStandard
      ? onStandard(guest, { host, standard }, ...args)
      : guest.wasi[name]!(host, ...args)
  },
})

const descriptorRows: Readonly<Record<string, Row>> = {
  fd_close: { parameters: 'i', waits: true, call: closeDescriptor },
  fd_read: sharedRow(
    'fd_read',
    { parameters: 'iiii', waits: true },
    (guest, { fd }, iovs, many, count) =>
      receive(guest, { fd, iovec: readIovecs(guest.memory, iovs, many), flags: 0, count }),
    (guest, { standard }, iovs, many, count) => readStandard(guest, standard, [iovs, many, count]),
  ),
  fd_write: sharedRow(
    'fd_write',
    { parameters: 'iiii', waits: true },
    (guest, { fd }, iovs, many, count) =>
      send(guest, { fd, iovec: readIovecs(guest.memory, iovs, many), flags: 0, count }),
    (guest, { standard }, iovs, many, count) => writeStandard(guest, standard, [iovs, many, count]),
  ),
  fd_fdstat_get: sharedRow(
    'fd_fdstat_get',
    { parameters: 'ii' },
    (guest, { fd, id }, at) =>
      after(guest.sockets.facts(id), ({ kind, nonblocking }) =>
        fdstat(guest, at, filetypeOf(guest, fd, kind), nonblocking ? FDFLAGS_NONBLOCK : 0),
      ),
    // The O_NONBLOCK of the descriptor belongs to all that share it, and not to the guest.
    (guest, { host, standard }, at) => {
      const errno = guest.wasi['fd_fdstat_get']!(host, at)
      if (errno !== 0) return errno
      const flags = guest.memory.u16(at + 2) & ~FDFLAGS_NONBLOCK
      guest.memory.setU16(at + 2, standard.nonblocking ? flags | FDFLAGS_NONBLOCK : flags)
      return 0
    },
  ),
  fd_fdstat_set_flags: sharedRow(
    'fd_fdstat_set_flags',
    { parameters: 'ii' },
    (guest, { id }, flags) => {
      // A socket has no other flag: APPEND, DSYNC, RSYNC and SYNC are those of files.
      if ((flags & ~FDFLAGS_NONBLOCK) !== 0)
        throw new Failure('EINVAL', 'a socket has the flag NONBLOCK only')
      return guest.sockets.setNonblocking(id, flags === FDFLAGS_NONBLOCK)
    },
    (guest, { host, standard }, flags) => {
      const others = flags & ~FDFLAGS_NONBLOCK
      const errno = others === 0 ? 0 : guest.wasi['fd_fdstat_set_flags']!(host, others)
      if (errno === 0) standard.nonblocking = (flags & FDFLAGS_NONBLOCK) !== 0
      return errno
    },
  ),
  fd_filestat_get: sharedRow('fd_filestat_get', { parameters: 'ii' }, (guest, { fd, id }, at) =>
    after(guest.sockets.facts(id), ({ kind }) => {
      guest.memory.bytes(at, 64).fill(0)
      guest.memory.setU64(at + 8, BigInt(id))
      guest.memory.setU8(at + 16, filetypeOf(guest, fd, kind))
      guest.memory.setU64(at + 24, 1n)
    }),
  ),
  fd_prestat_get: {
    parameters: 'ii',
    call: (guest, fd, at) => {
      // wasi-libc, wasi-vfs, Go and Rust count up until BADF; a socket in between must not end that. wasi-vfs learns
      // here of all the descriptors that it will ever know, so those of sockets to come must be there as well.
      if (!guest.fds.isFreeSlot(fd)) {
        const entry = guest.fds.get(fd)
        if (entry.kind === 'file') return guest.wasi['fd_prestat_get']!(entry.host, at)
        if (entry.stdio !== undefined) throw new Failure('EBADF', 'no preopened descriptor')
      }
      guest.memory.check(at, 8)
      guest.memory.setU32(at, PREOPEN_NO_DIRECTORY)
      guest.memory.setU32(at + 4, 0)
      return undefined
    },
  },
  fd_prestat_dir_name: {
    parameters: 'iii',
    // What fd_prestat_get announces has a name, also where that is empty: wasi-vfs ends the guest at a failure.
    call: (guest, fd, at, length) => {
      const entry = guest.fds.isFreeSlot(fd) ? undefined : guest.fds.get(fd)
      if (entry?.kind === 'file') return guest.wasi['fd_prestat_dir_name']!(entry.host, at, length)
      if (entry?.stdio !== undefined) throw new Failure('EBADF', 'no preopened descriptor')
      return undefined
    },
  },
  fd_renumber: {
    parameters: 'ii',
    waits: true,
    call: (guest, from, to) => {
      const entry = guest.fds.get(from)
      guest.fds.get(to)
      if (from === to) return undefined
      return after(closeDescriptor(guest, to), (errno) => {
        if (errno) return errno
        guest.fds.remove(from)
        guest.fds.set(to >>> 0, entry)
        return undefined
      })
    },
  },
  path_open: {
    parameters: 'iiiiiIIii',
    call: (guest, fd, ...rest) => {
      const opened = rest.at(-1)!
      guest.memory.check(opened, 4)
      const directory = file(guest, fd, 'ENOTDIR')
      const entry = guest.fds.get(fd)
      const fixed = entry.kind === 'file' && entry.readOnly === true
      const errno = guest.wasi['path_open']!(directory, ...(fixed ? readingOnly(rest) : rest))
      if (errno !== 0) return errno
      const host = guest.memory.u32(opened)
      try {
        guest.memory.setU32(opened, guest.fds.addFile(host, fixed))
      } catch (error) {
        guest.wasi['fd_close']!(host)
        throw error
      }
      return 0
    },
  },
  poll_oneoff: { parameters: 'iiii', waits: true, subject: 'nothing', call: pollOneoff },
  proc_exit: {
    parameters: 'i',
    subject: 'nothing',
    call: (_guest, code) => {
      throw new Exit(code >>> 0)
    },
  },
  // node:wasi would raise the signal in this process.
  proc_raise: {
    parameters: 'i',
    subject: 'nothing',
    call: () => {
      throw new Failure('ENOSYS', 'a guest raises no signals in the process of its host')
    },
  },
}

/** The socket calls; WasmEdge has those of the same shapes as well. */
export const socketRows: Readonly<Record<string, Row>> = {
  sock_accept: {
    parameters: 'iii',
    waits: true,
    call: (guest, fd, flags, opened) => {
      if ((flags & ~FDFLAGS_NONBLOCK) !== 0)
        throw new Failure('EINVAL', 'sock_accept knows the flag NONBLOCK only')
      return accept(guest, fd, flags !== 0, opened)
    },
  },
  ...vectorRows(
    (flags) => {
      if ((flags & ~(RECV_PEEK | RECV_WAITALL)) !== 0)
        throw new Failure('EINVAL', 'sock_recv knows PEEK and WAITALL only')
      return receiveFlags(flags)
    },
    (flags) => {
      if (flags !== 0) throw new Failure('EINVAL', 'sock_send knows no flags')
      return 0
    },
  ),
  sock_shutdown: {
    parameters: 'ii',
    call: (guest, fd, how) => guest.sockets.shutdown(guest.fds.socket(fd), how),
  },
}

export const preview1: Abi = {
  name: 'preview1',
  modules: [PREVIEW1],
  errno: 'wasi',
  fault: 'EFAULT',
  rows: {
    ...Object.fromEntries(Object.entries(fileCalls).map(([name, each]) => [name, fileRow(name, each)])),
    ...descriptorRows,
    ...socketRows,
  },
}

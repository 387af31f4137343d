/**
 * WASI preview 1: the calls that files, streams and sockets share, and the whole of the ABI.
 *
 * @see https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
 */
import { readIovecs } from '../../memory/guest-memory.ts'
import { Failure } from '../../outcome/failure.ts'
import { after } from '../../outcome/sync-promise.ts'
import { PREVIEW1 } from '../../module/profile.ts'
import { fileTypeOf } from '../../wasi/files/open-directory.ts'
import { filetypeOf } from '../../wasi/stdio/standard-stream.ts'
import type { Abi, Guest, Row } from '../abi.ts'
import type { FdEntry } from '../fd-table.ts'
import { closeDescriptor, receive, send } from '../rows.ts'
import { readStandard, writeStandard } from '../standard-streams.ts'
import { bytesAt, preopenedName, type FileEntry } from './descriptors.ts'
import { filetypes, setFdstat, setFilestat } from './filestat.ts'
import { fileRows } from './file-rows.ts'
import { FDFLAGS_NONBLOCK, modeOf } from './flags.ts'
import { pathRows } from './path-rows.ts'
import { pollOneoff } from './poll-oneoff.ts'
import { processRows } from './process-rows.ts'
import {
  droppedRights,
  expectRight,
  FD_FDSTAT_SET_FLAGS,
  FD_FILESTAT_GET,
  FD_READ,
  FD_WRITE,
  SOCKET,
} from './rights.ts'
import { socketRows } from './socket-rows.ts'

/** `__wasi_filetype_t` */
const FILETYPE_SOCKET_DGRAM = 5
const FILETYPE_SOCKET_STREAM = 6

const PREOPEN_DIRECTORY = 0
/** What wasi-libc takes for a preopen that is no directory, and passes over. */
const PREOPEN_NO_DIRECTORY = 1

type SocketEntry = Extract<FdEntry, { readonly kind: 'socket' }>

const socketType = ({ stdio }: SocketEntry, kind: 'stream' | 'datagram'): number =>
  stdio ?? (kind === 'stream' ? FILETYPE_SOCKET_STREAM : FILETYPE_SOCKET_DGRAM)

/** What fd_fdstat_get reports of anything but a socket. */
const fdstatOf = (entry: FileEntry): { filetype: number; flags: number } => {
  if (entry.kind === 'file') return { filetype: filetypes[fileTypeOf(entry.file.stat())], flags: entry.flags }
  if (entry.kind === 'directory') return { filetype: filetypes.directory, flags: 0 }
  // The O_NONBLOCK of the descriptor belongs to all that share it, and not to the guest.
  return {
    filetype: filetypeOf(entry.standard.fd),
    flags: entry.standard.nonblocking ? FDFLAGS_NONBLOCK : 0,
  }
}

const setFlags = (guest: Guest, fd: number, flags: number): ReturnType<Row['call']> => {
  const entry = guest.fds.get(fd)
  if (entry.kind === 'socket') {
    // A socket has no other flag: APPEND, DSYNC, RSYNC and SYNC are those of files.
    if ((flags & ~FDFLAGS_NONBLOCK) !== 0) throw new Failure('EINVAL', 'a socket has the flag NONBLOCK only')
    return guest.sockets.setNonblocking(entry.id, flags === FDFLAGS_NONBLOCK)
  }
  expectRight(entry.rights, FD_FDSTAT_SET_FLAGS)
  const mode = modeOf(flags)
  if (entry.kind === 'file') {
    entry.file.setMode(mode)
    entry.flags = flags
  } else if (entry.kind === 'standard') {
    if ((flags & ~FDFLAGS_NONBLOCK) !== 0)
      throw new Failure('ENOTSUP', 'APPEND, DSYNC and SYNC of a standard stream are those of its owner')
    entry.standard.nonblocking = flags === FDFLAGS_NONBLOCK
  } else if (flags !== 0) throw new Failure('EINVAL', 'a directory has no flags')
  return undefined
}

const isDirectory = new Failure('EISDIR', 'the descriptor is a directory')

const descriptorRows: Readonly<Record<string, Row>> = {
  fd_close: { parameters: 'i', waits: true, call: closeDescriptor },
  fd_read: {
    parameters: 'iiii',
    waits: true,
    call: (guest, fd, iovs, many, count) => {
      const entry = guest.fds.get(fd)
      if (entry.kind === 'socket')
        return receive(guest, { fd, iovec: readIovecs(guest.memory, iovs, many), flags: 0, count })
      if (entry.kind === 'directory') throw isDirectory
      expectRight(entry.rights, FD_READ)
      if (entry.kind === 'standard') return readStandard(guest, entry.standard, [iovs, many, count])
      guest.memory.check(count, 4)
      return guest.memory.setU32(count, entry.file.read(bytesAt(guest.memory, iovs, many)))
    },
  },
  fd_write: {
    parameters: 'iiii',
    waits: true,
    call: (guest, fd, iovs, many, count) => {
      const entry = guest.fds.get(fd)
      if (entry.kind === 'socket')
        return send(guest, { fd, iovec: readIovecs(guest.memory, iovs, many), flags: 0, count })
      if (entry.kind === 'directory') throw isDirectory
      expectRight(entry.rights, FD_WRITE)
      if (entry.kind === 'standard') return writeStandard(guest, entry.standard, [iovs, many, count])
      guest.memory.check(count, 4)
      return guest.memory.setU32(count, entry.file.write(bytesAt(guest.memory, iovs, many)))
    },
  },
  fd_fdstat_get: {
    parameters: 'ii',
    call: (guest, fd, at) => {
      const entry = guest.fds.get(fd)
      if (entry.kind !== 'socket')
        return setFdstat(guest.memory, at, { ...fdstatOf(entry), rights: entry.rights })
      return after(guest.sockets.facts(entry.id), ({ kind, nonblocking }) =>
        setFdstat(guest.memory, at, {
          filetype: socketType(entry, kind),
          flags: nonblocking ? FDFLAGS_NONBLOCK : 0,
          rights: { base: SOCKET, inheriting: 0 },
        }),
      )
    },
  },
  fd_fdstat_set_flags: { parameters: 'ii', call: setFlags },
  fd_fdstat_set_rights: {
    parameters: 'iII',
    call: (guest, fd, base, inheriting) => {
      const entry = guest.fds.get(fd)
      if (entry.kind === 'socket') throw new Failure('ENOTCAPABLE', 'a socket keeps its rights')
      entry.rights = droppedRights(entry.rights, base, inheriting)
    },
  },
  fd_filestat_get: {
    parameters: 'ii',
    call: (guest, fd, at) => {
      const entry = guest.fds.get(fd)
      guest.memory.check(at, 64)
      if (entry.kind === 'socket')
        return after(guest.sockets.facts(entry.id), ({ kind }) => {
          guest.memory.bytes(at, 64).fill(0)
          guest.memory.setU64(at + 8, BigInt(entry.id))
          guest.memory.setU8(at + 16, socketType(entry, kind))
          guest.memory.setU64(at + 24, 1n)
        })
      expectRight(entry.rights, FD_FILESTAT_GET)
      if (entry.kind === 'standard')
        return setFilestat(guest.memory, at, entry.standard.stat(), filetypeOf(entry.standard.fd))
      return setFilestat(guest.memory, at, (entry.kind === 'file' ? entry.file : entry.directory).stat())
    },
  },
  fd_prestat_get: {
    parameters: 'ii',
    call: (guest, fd, at) => {
      // wasi-libc, wasi-vfs, Go and Rust count up until BADF; a socket in between must not end that. wasi-vfs learns
      // here of all the descriptors that it will ever know, so those of sockets to come must be there as well.
      const entry = guest.fds.isFreeSlot(fd) ? undefined : guest.fds.get(fd)
      const name = entry && entry.kind !== 'socket' ? preopenedName(guest, fd) : undefined
      if (entry?.kind === 'socket' && entry.stdio !== undefined)
        throw new Failure('EBADF', 'no preopened descriptor')
      guest.memory.check(at, 8)
      guest.memory.setU32(at, name === undefined ? PREOPEN_NO_DIRECTORY : PREOPEN_DIRECTORY)
      guest.memory.setU32(at + 4, name === undefined ? 0 : Buffer.byteLength(name))
    },
  },
  fd_prestat_dir_name: {
    parameters: 'iii',
    // What fd_prestat_get announces has a name, also where that is empty: wasi-vfs ends the guest at a failure.
    call: (guest, fd, at, length) => {
      const entry = guest.fds.isFreeSlot(fd) ? undefined : guest.fds.get(fd)
      if (entry?.kind === 'socket' && entry.stdio !== undefined)
        throw new Failure('EBADF', 'no preopened descriptor')
      if (!entry || entry.kind === 'socket') return
      const name = Buffer.from(preopenedName(guest, fd))
      if (length >>> 0 < name.length) throw new Failure('ENAMETOOLONG', `the name has ${name.length} bytes`)
      guest.memory.write(at, name)
    },
  },
  fd_renumber: {
    parameters: 'ii',
    waits: true,
    call: (guest, from, to) => {
      const entry = guest.fds.get(from)
      guest.fds.get(to)
      if (from === to) return undefined
      return after(closeDescriptor(guest, to), () => {
        guest.fds.remove(from)
        guest.fds.set(to >>> 0, entry)
      })
    },
  },
  // wasi-libc over WASI 0.2 takes its descriptors of sockets from the adapter of preview 1, which is not run here:
  // https://github.com/bytecodealliance/wasmtime/blob/main/crates/wasi-preview1-component-adapter/src/lib.rs
  adapter_open_badfd: {
    parameters: 'i',
    subject: 'guest',
    call: ({ fds, memory }, at) => {
      memory.check(at, 4)
      memory.setU32(at, fds.hold())
    },
  },
  adapter_close_badfd: { parameters: 'i', subject: 'guest', call: ({ fds }, fd) => fds.letGo(fd) },
  poll_oneoff: { parameters: 'iiii', waits: true, subject: 'nothing', call: pollOneoff },
}

export const preview1: Abi = {
  name: 'preview1',
  modules: [PREVIEW1],
  errno: 'wasi',
  fault: 'EFAULT',
  rows: { ...processRows, ...fileRows, ...pathRows, ...descriptorRows, ...socketRows },
}

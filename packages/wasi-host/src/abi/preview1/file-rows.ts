/** The calls of preview 1 on open files and directories: pread, seek, sync, status, names. */
import { Failure } from '../../outcome/failure.ts'
import { checkedOffset, readOnly } from '../../wasi/files/open-file.ts'
import type { Guest, Row } from '../abi.ts'
import { bytesAt, changeableFile, directoryWith, entryWith, fileWith, whenceOf } from './descriptors.ts'
import { filetypes, newTimes } from './filestat.ts'
import {
  FD_ADVISE,
  FD_ALLOCATE,
  FD_DATASYNC,
  FD_FILESTAT_SET_SIZE,
  FD_FILESTAT_SET_TIMES,
  FD_READ,
  FD_READDIR,
  FD_SEEK,
  FD_SYNC,
  FD_TELL,
  FD_WRITE,
} from './rights.ts'

/** An i64 comes as a bigint, whatever its type says, and a size or an offset has no sign. */
const unsigned = (value: number): number => checkedOffset(BigInt.asUintN(64, BigInt(value)))

/** `__wasi_advice_t`: normal, sequential, random, willneed, dontneed, noreuse. */
const MOST_ADVICE = 5

/** The 24 bytes of a `dirent` before the name: next u64 @0, ino u64 @8, length u32 @16, type u8 @20. */
const DIRENT = 24

const encoder = new TextEncoder()

/** Writes names until the buffer is full, of which the last may be cut off; returns how many bytes it has. */
const writeEntries = (guest: Guest, fd: number, at: number, length: number, cookie: number): number => {
  const directory = directoryWith(guest, fd, FD_READDIR)
  const names = directory.entries(cookie === 0)
  const own = { type: 'directory', serial: () => directory.stat().ino } as const
  const entryAt = (index: number) => {
    if (index < 2) return { name: index === 0 ? '.' : '..', ...own }
    const { name, type } = names[index - 2]!
    return { name, type, serial: () => directory.serial(name) }
  }
  let used = 0
  for (let index = cookie; index < names.length + 2 && used < length; index += 1) {
    const { name, type, serial } = entryAt(index)
    const bytes = encoder.encode(name)
    const entry = new Uint8Array(DIRENT + bytes.length)
    const view = new DataView(entry.buffer)
    view.setBigUint64(0, BigInt(index + 1), true)
    view.setBigUint64(8, BigInt.asUintN(64, serial()), true)
    view.setUint32(16, bytes.length, true)
    view.setUint8(20, filetypes[type])
    entry.set(bytes, DIRENT)
    const piece = entry.subarray(0, length - used)
    guest.memory.write(at + used, piece)
    used += piece.length
  }
  return used
}

/** Where a standard stream that is a file can be moved to, too. */
const seek = (guest: Guest, fd: number, distance: bigint, origin: number, right: number): number => {
  const whence = whenceOf(origin)
  const entry = guest.fds.get(fd)
  return entry.kind === 'standard'
    ? entry.standard.seek(distance, whence)
    : fileWith(guest, fd, right, 'ESPIPE').seek(distance, whence)
}

const seekRow = (parameters: string, right: number): Row => ({
  parameters,
  call: (guest, fd, ...args) => {
    const at = args.at(-1)!
    guest.memory.check(at, 8)
    const [distance = 0, origin = 1] = args.length === 3 ? args : []
    guest.memory.setU64(at, BigInt(seek(guest, fd, BigInt(distance), origin, right)))
  },
})

const syncRow = (right: number, all: boolean): Row => ({
  parameters: 'i',
  call: (guest, fd) => {
    const entry = entryWith(guest, fd, right, 'EINVAL')
    if (entry.kind === 'directory') return entry.directory.sync()
    if (entry.kind === 'standard') return entry.standard.sync()
    return all ? entry.file.sync() : entry.file.syncData()
  },
})

export const fileRows: Readonly<Record<string, Row>> = {
  fd_advise: {
    parameters: 'iIIi',
    // Nothing is to be done, as posix_fadvise(3) may.
    call: (guest, fd, offset, length, advice) => {
      if (advice < 0 || advice > MOST_ADVICE) throw new Failure('EINVAL', `the advice ${advice} is none`)
      unsigned(offset)
      unsigned(length)
      fileWith(guest, fd, FD_ADVISE, 'ESPIPE')
    },
  },
  fd_allocate: {
    parameters: 'iII',
    call: (guest, fd, offset, length) =>
      changeableFile(guest, fd, FD_ALLOCATE, 'EINVAL').allocate(unsigned(offset), unsigned(length)),
  },
  fd_datasync: syncRow(FD_DATASYNC, false),
  fd_sync: syncRow(FD_SYNC, true),
  fd_filestat_set_size: {
    parameters: 'iI',
    call: (guest, fd, size) =>
      changeableFile(guest, fd, FD_FILESTAT_SET_SIZE, 'EINVAL').setSize(unsigned(size)),
  },
  fd_filestat_set_times: {
    parameters: 'iIIi',
    call: (guest, fd, accessed, modified, flags) => {
      const times = newTimes(accessed, modified, flags)
      const found = guest.fds.get(fd)
      if (found.kind === 'directory' && found.directory.readOnly) throw readOnly
      const entry = entryWith(guest, fd, FD_FILESTAT_SET_TIMES, 'EINVAL')
      if (entry.kind === 'standard') throw new Failure('EINVAL', 'the times of a stream are not set')
      return entry.kind === 'file' ? entry.file.setTimes(times) : entry.directory.setTimes(times)
    },
  },
  fd_pread: {
    parameters: 'iiiIi',
    call: (guest, fd, iovs, many, offset, count) => {
      guest.memory.check(count, 4)
      const file = fileWith(guest, fd, FD_READ | FD_SEEK, 'ESPIPE')
      guest.memory.setU32(count, file.readAt(bytesAt(guest.memory, iovs, many), unsigned(offset)))
    },
  },
  fd_pwrite: {
    parameters: 'iiiIi',
    call: (guest, fd, iovs, many, offset, count) => {
      guest.memory.check(count, 4)
      const file = fileWith(guest, fd, FD_WRITE | FD_SEEK, 'ESPIPE')
      guest.memory.setU32(count, file.writeAt(bytesAt(guest.memory, iovs, many), unsigned(offset)))
    },
  },
  fd_readdir: {
    parameters: 'iiiIi',
    call: (guest, fd, buffer, length, cookie, used) => {
      guest.memory.check(used, 4)
      guest.memory.check(buffer, length)
      const bytes = writeEntries(guest, fd, buffer >>> 0, length >>> 0, unsigned(cookie))
      guest.memory.setU32(used, bytes)
    },
  },
  fd_seek: seekRow('iIii', FD_SEEK),
  fd_tell: seekRow('ii', FD_TELL),
}

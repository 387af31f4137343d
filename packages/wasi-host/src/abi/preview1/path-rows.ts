/** The calls of preview 1 on paths. */
import type { GuestMemory } from '../../memory/guest-memory.ts'
import { errnoOf } from '../../outcome/errno.ts'
import { Failure } from '../../outcome/failure.ts'
import {
  createDirectoryAt,
  linkAt,
  openAt,
  readlinkAt,
  removeDirectoryAt,
  renameAt,
  setTimesAt,
  statIfThere,
  symlinkAt,
  unlinkAt,
  type Opened,
} from '../../wasi/files/paths.ts'
import { OpenDirectory } from '../../wasi/files/open-directory.ts'
import { OpenFile } from '../../wasi/files/open-file.ts'
import type { Guest, Row } from '../abi.ts'
import type { FdEntry } from '../fd-table.ts'
import { changeableDirectory, directoryWith } from './descriptors.ts'
import { modeOf } from './flags.ts'
import { newTimes, setFilestat } from './filestat.ts'
import {
  DIRECTORY,
  FD_READ,
  FD_WRITE,
  FILE,
  openedRights,
  PATH_CREATE_DIRECTORY,
  PATH_CREATE_FILE,
  PATH_FILESTAT_GET,
  PATH_FILESTAT_SET_SIZE,
  PATH_FILESTAT_SET_TIMES,
  PATH_LINK_SOURCE,
  PATH_LINK_TARGET,
  PATH_OPEN,
  PATH_READLINK,
  PATH_REMOVE_DIRECTORY,
  PATH_RENAME_SOURCE,
  PATH_RENAME_TARGET,
  PATH_SYMLINK,
  PATH_UNLINK_FILE,
  rightsOf,
  STREAM,
  type Rights,
} from './rights.ts'

const SYMLINK_FOLLOW = 1

const NOENT = errnoOf('ENOENT', 'wasi')

const [CREAT, DIRECTORY_ONLY, EXCL, TRUNC] = [1, 2, 4, 8]
const ALL_OFLAGS = CREAT | DIRECTORY_ONLY | EXCL | TRUNC

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** PATH_MAX of Linux, in bytes: a hostile length is not worth reading. */
const LONGEST = 4096

/** Short paths are nearly all ASCII, and to set a decoder going costs more than to read one. */
const SHORT = 64

/** A short path in ASCII; undefined for any other. */
const asciiAt = (bytes: Uint8Array, from: number, length: number): string | undefined => {
  let text = ''
  for (let at = from; at < from + length; at += 1) {
    const byte = bytes[at]!
    if (byte >= 0x80) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}

/** A path, which is UTF-8. */
const pathAt = (memory: GuestMemory, at: number, length: number): string => {
  if (length > 0 && length <= SHORT) {
    const text = asciiAt(memory.around(at, length), at >>> 0, length)
    if (text !== undefined) return text
  }
  const bytes = memory.bytes(at, length)
  if (bytes.length > LONGEST) throw new Failure('ENAMETOOLONG', `the path has ${bytes.length} bytes`)
  try {
    return strict.decode(bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice())
  } catch {
    throw new Failure('EILSEQ', 'the path is no UTF-8')
  }
}

const follows = (flags: number): boolean => {
  if ((flags & ~SYMLINK_FOLLOW) !== 0) throw new Failure('EINVAL', `the look-up flags ${flags} are not known`)
  return flags !== 0
}

const changingRow = (
  parameters: string,
  right: number,
  change: (directory: OpenDirectory, path: string) => void,
): Row => ({
  parameters,
  call: (guest, fd, path, length) => {
    const directory = changeableDirectory(guest, fd, right)
    change(directory, pathAt(guest.memory, path, length))
  },
})

const entryOf = (opened: Opened, rights: Rights, asked: number, flags: number): FdEntry => {
  if (opened instanceof OpenFile)
    return { kind: 'file', file: opened, flags, rights: openedRights(rights, asked, FILE) }
  if (opened instanceof OpenDirectory)
    return { kind: 'directory', directory: opened, rights: openedRights(rights, asked & ~FD_READ, DIRECTORY) }
  return { kind: 'standard', standard: opened, rights: openedRights(rights, asked, STREAM) }
}

/** path_open, whose rights come as bigints. */
const open = (
  guest: Guest,
  fd: number,
  lookUp: number,
  path: number,
  length: number,
  oflags: number,
  base: number,
  _inheriting: number,
  fdflags: number,
  opened: number,
): void => {
  guest.memory.check(opened, 4)
  if ((oflags & ~ALL_OFLAGS) !== 0)
    throw new Failure('EINVAL', `the flags ${oflags} of path_open are not known`)
  const asked = rightsOf(base)
  const directoryOnly = (oflags & DIRECTORY_ONLY) !== 0
  const needed =
    PATH_OPEN | (oflags & CREAT ? PATH_CREATE_FILE : 0) | (oflags & TRUNC ? PATH_FILESTAT_SET_SIZE : 0)
  const directory = directoryWith(guest, fd, PATH_OPEN)
  // What is read-only says so, before the rights are looked at.
  const from = needed === PATH_OPEN || directory.readOnly ? directory : directoryWith(guest, fd, needed)
  const { rights } = guest.fds.get(fd) as { rights: Rights }
  openedRights(rights, asked, FILE)
  guest.fds.expectRoom()
  const { append, sync } = modeOf(fdflags)
  const found = openAt(from, pathAt(guest.memory, path, length), {
    append,
    sync,
    follow: follows(lookUp),
    create: (oflags & CREAT) !== 0,
    exclusive: (oflags & EXCL) !== 0,
    truncate: (oflags & TRUNC) !== 0,
    directory: directoryOnly,
    read: (asked & FD_READ) !== 0,
    // Older libraries ask for all rights of a directory, and this one is not written to in any case.
    write: (asked & FD_WRITE) !== 0 && !(directoryOnly && directory.readOnly),
  })
  try {
    guest.memory.setU32(opened, guest.fds.add(entryOf(found, rights, asked, fdflags)))
  } catch (error) {
    if (found instanceof OpenFile || found instanceof OpenDirectory) found.close()
    else found.release()
    throw error
  }
}

export const pathRows: Readonly<Record<string, Row>> = {
  path_open: { parameters: 'iiiiiIIii', call: open },
  path_create_directory: changingRow('iii', PATH_CREATE_DIRECTORY, createDirectoryAt),
  path_remove_directory: changingRow('iii', PATH_REMOVE_DIRECTORY, removeDirectoryAt),
  path_unlink_file: changingRow('iii', PATH_UNLINK_FILE, unlinkAt),
  path_filestat_get: {
    parameters: 'iiiii',
    call: (guest, fd, flags, path, length, at) => {
      guest.memory.check(at, 64)
      const directory = directoryWith(guest, fd, PATH_FILESTAT_GET)
      const stat = statIfThere(directory, pathAt(guest.memory, path, length), follows(flags))
      // Not thrown: guests look for much that is not there, in each directory of a search path.
      if (!stat) return NOENT
      return setFilestat(guest.memory, at, stat)
    },
  },
  path_filestat_set_times: {
    parameters: 'iiiiIIi',
    call: (guest, fd, flags, path, length, accessed, modified, which) => {
      const times = newTimes(accessed, modified, which)
      const directory = changeableDirectory(guest, fd, PATH_FILESTAT_SET_TIMES)
      setTimesAt(directory, pathAt(guest.memory, path, length), follows(flags), times)
    },
  },
  path_link: {
    parameters: 'iiiiiii',
    call: (guest, fd, flags, path, length, ...others) => {
      const [newFd, newPath, newLength] = others as [number, number, number]
      if (follows(flags)) throw new Failure('EINVAL', 'path_link does not follow links')
      const from = changeableDirectory(guest, fd, PATH_LINK_SOURCE)
      const to = changeableDirectory(guest, newFd, PATH_LINK_TARGET)
      linkAt(from, pathAt(guest.memory, path, length), to, pathAt(guest.memory, newPath, newLength))
    },
  },
  path_readlink: {
    parameters: 'iiiiii',
    call: (guest, fd, path, length, buffer, size, used) => {
      guest.memory.check(used, 4)
      guest.memory.check(buffer, size)
      const directory = directoryWith(guest, fd, PATH_READLINK)
      const target = encoder.encode(readlinkAt(directory, pathAt(guest.memory, path, length)))
      // What does not fit is left out, as readlink(2) does.
      const piece = target.subarray(0, size >>> 0)
      guest.memory.write(buffer, piece)
      guest.memory.setU32(used, piece.length)
    },
  },
  path_rename: {
    parameters: 'iiiiii',
    call: (guest, fd, path, length, newFd, newPath, newLength) => {
      const from = changeableDirectory(guest, fd, PATH_RENAME_SOURCE)
      const to = changeableDirectory(guest, newFd, PATH_RENAME_TARGET)
      renameAt(from, pathAt(guest.memory, path, length), to, pathAt(guest.memory, newPath, newLength))
    },
  },
  path_symlink: {
    parameters: 'iiiii',
    subject: 'nothing',
    call: (guest, target, targetLength, fd, path, length) => {
      const directory = changeableDirectory(guest, fd, PATH_SYMLINK)
      const { memory } = guest
      symlinkAt(pathAt(memory, target, targetLength), directory, pathAt(memory, path, length))
    },
  },
}

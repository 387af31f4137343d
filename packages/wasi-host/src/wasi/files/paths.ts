/** What a guest does with paths: open, stat, link, rename, remove, each from a directory that it has open. */
import {
  constants,
  ftruncateSync,
  linkSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { system } from '@uds/winsock-ffi/internal'
import { Failure, failureOf } from '../../outcome/failure.ts'
import { StandardStream } from '../stdio/standard-stream.ts'
import { expectHostName } from './host-name.ts'
import { OpenDirectory } from './open-directory.ts'
import { OpenFile, openFlags, readOnly, type FileMode } from './open-file.ts'
import { setTimes, type NewTimes } from './times.ts'
import type { Found, Status } from './place.ts'
import { isLinkAt, walking, type End, type Walk } from './walk.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL } = constants

const notFound = (name: string): Failure => new Failure('ENOENT', `there is no ${name}`)
const notDirectory = (name: string): Failure => new Failure('ENOTDIR', `${name} is no directory`)
const isItself = new Failure('EINVAL', 'the path names the directory itself')

export interface OpenOptions extends FileMode {
  readonly follow: boolean
  readonly create: boolean
  readonly exclusive: boolean
  readonly truncate: boolean
  readonly directory: boolean
}

/** What an open returns: a stream stands for a FIFO, a terminal, a device. */
export type Opened = OpenFile | OpenDirectory | StandardStream

const emptied = ({ fd, close }: Extract<Found, { kind: 'file' }>): void => {
  try {
    ftruncateSync(fd)
  } catch (error) {
    close(fd)
    throw error
  }
}

const openEnd = (from: OpenDirectory, { place, name, slash }: End, options: OpenOptions): Opened => {
  if (options.directory || slash || name === '') {
    if (options.create && !options.directory)
      throw new Failure('EISDIR', 'a directory is not made by opening it')
    const entered = place.enter(name)
    if (!options.write && !options.truncate) return new OpenDirectory(entered, from.readOnly)
    entered.close()
    throw new Failure('EISDIR', 'a directory is not written to')
  }
  // Deno drops O_EXCL where a file is not written.
  if (options.create && options.exclusive && place.stat(name)) throw new Failure('EEXIST', `${name} is there`)
  return openedFrom(from, place.open(name, flagsOf(options)), options)
}

/** To empty a file it is opened for writing, whether or not the guest may write to it after that. */
const flagsOf = (options: OpenOptions): number =>
  openFlags(options.truncate && !options.write ? { ...options, write: true } : options) |
  (options.create ? O_CREAT : 0) |
  (options.exclusive ? O_EXCL : 0)

const openedFrom = (from: OpenDirectory, found: Found, options: OpenOptions): Opened => {
  if (found.kind === 'directory') return new OpenDirectory(found.place, from.readOnly)
  // Not by O_TRUNC, which Deno refuses beside O_APPEND, and Windows where a file is not written.
  if (options.truncate && found.isFile) emptied(found)
  if (!found.isFile) return new StandardStream(found.fd, { owned: true })
  const { read, write, append, sync } = options
  return new OpenFile(
    found.fd,
    { read, write, append, sync },
    { readOnly: from.readOnly, reopen: from.place.reopen, close: found.close },
  )
}

/** Opens a path. A file that is created gets the mode 0666 less the umask of this process. */
export const openAt = (from: OpenDirectory, path: string, options: OpenOptions): Opened => {
  if (options.create && options.directory)
    throw new Failure('EINVAL', 'a file is created, or a directory is opened')
  if (from.readOnly && (options.create || options.truncate || options.write)) throw readOnly
  if (!options.directory || !(options.write || options.truncate)) {
    const flags = options.directory ? O_DIRECTORY : flagsOf(options)
    const whole = from.place.openWhole(path, flags, options.follow)
    if (whole === 'missing' && !options.create) throw notFound(path)
    if (whole !== 'missing' && whole) return openedFrom(from, whole, options)
  }
  return walking(from.place, path, (first, walk) => {
    for (let end = first; ;) {
      try {
        return openEnd(from, end, options)
      } catch (error) {
        const { code } = failureOf(error)
        if (code !== 'ELOOP' && code !== 'ENOTDIR') throw error
        if (end.name === '' || !isLinkAt(end.place, end.name)) throw error
        if (!options.follow && !end.slash) throw new Failure('ELOOP', `${end.name} is a link`)
        end = walk.through(end)
      }
    }
  })
}

/** Where a path leads, and what is there. */
const found = (walk: Walk, first: End, follow: boolean): { readonly end: End; readonly stat: Status } => {
  for (let end = first; ;) {
    const stat = end.place.stat(end.name)
    if (!stat) throw notFound(end.name)
    if (!stat.isSymbolicLink() || !(follow || end.slash)) {
      if (end.slash && !stat.isDirectory()) throw notDirectory(end.name)
      return { end, stat }
    }
    end = walk.through(end)
  }
}

/** The status of a path; undefined when there is nothing. */
export const statIfThere = (from: OpenDirectory, path: string, follow: boolean): Status | undefined => {
  const whole = from.place.statWhole(path, follow)
  if (whole !== undefined) return whole === 'missing' ? undefined : whole
  try {
    return walkedStat(from, path, follow)
  } catch (error) {
    if (failureOf(error).code === 'ENOENT') return undefined
    throw error
  }
}

export const statAt = (from: OpenDirectory, path: string, follow: boolean): Status => {
  const whole = from.place.statWhole(path, follow)
  if (whole === 'missing') throw notFound(path)
  return whole ?? walkedStat(from, path, follow)
}

const walkedStat = (from: OpenDirectory, path: string, follow: boolean): Status =>
  walking(from.place, path, (end, walk) => found(walk, end, follow).stat)

export const setTimesAt = (from: OpenDirectory, path: string, follow: boolean, times: NewTimes): void => {
  if (from.readOnly) throw readOnly
  walking(from.place, path, (first, walk) => {
    const { end, stat } = found(walk, first, follow)
    const itself = end.name === '' ? `${end.place.path('')}/.` : end.place.path(end.name)
    setTimes({ path: itself }, times, stat)
  })
}

/** The host's name for a path that is made, changed or removed. */
const changing = <T>(from: OpenDirectory, path: string, action: (end: End, walk: Walk) => T): T => {
  if (from.readOnly) throw readOnly
  return walking(from.place, path, action)
}

const named = ({ name }: End): string => {
  if (name === '') throw isItself
  return name
}

export const createDirectoryAt = (from: OpenDirectory, path: string): void =>
  changing(from, path, (end) => {
    if (end.name === '') throw new Failure('EEXIST', 'the directory is there')
    mkdirSync(end.place.path(end.name))
  })

export const removeDirectoryAt = (from: OpenDirectory, path: string): void =>
  changing(from, path, (end, walk) => {
    const name = named(end)
    // rmdir of Windows takes a junction away, which is a link.
    const stat = end.place.stat(name)
    // A slash behind a link means what it leads to, which may be outside.
    if (end.slash && stat?.isSymbolicLink()) walk.through(end)
    if (stat && !stat.isDirectory()) throw notDirectory(name)
    rmdirSync(end.place.path(name))
  })

export const unlinkAt = (from: OpenDirectory, path: string): void =>
  changing(from, path, (end) => {
    const { name } = end
    const stat = end.place.stat(name)
    if (stat?.isDirectory()) throw new Failure('EISDIR', `${name || 'the path'} is a directory`)
    if (stat && end.slash) throw notDirectory(name)
    unlinkSync(end.place.path(name))
  })

/** A new name with a slash behind it is that of a directory. */
const expectNoSlash = ({ place, name, slash }: End): void => {
  if (!slash) return
  const stat = place.stat(name)
  if (!stat) throw notFound(name)
  throw stat.isDirectory() ? new Failure('EEXIST', `${name} is there`) : notDirectory(name)
}

const DRIVE = /^[A-Za-z]:/u

/**
 * Makes a symbolic link.
 *
 * @throws Failure `ENOTCAPABLE` for an absolute target, which programs of the host would follow.
 */
export const symlinkAt = (target: string, from: OpenDirectory, path: string): void =>
  changing(from, path, (end) => {
    const name = named(end)
    if (target === '' || target.includes('\0'))
      throw new Failure('EINVAL', 'the target is empty, or has a NUL')
    if (target.startsWith('/') || (system === 'win32' && DRIVE.test(target)))
      throw new Failure('ENOTCAPABLE', 'a link to an absolute path leads out of the directory')
    for (const part of target.split('/'))
      if (part !== '' && part !== '.' && part !== '..') expectHostName(part)
    expectNoSlash(end)
    symlinkSync(target, end.place.path(name))
  })

export const readlinkAt = (from: OpenDirectory, path: string): string =>
  walking(from.place, path, (end, walk) => {
    const place = end.slash ? found(walk, end, true).end : end
    const target = readlinkSync(place.place.path(named(place)))
    return system === 'win32' ? target.replaceAll('\\', '/') : target
  })

/** Makes a hard link. */
export const linkAt = (from: OpenDirectory, path: string, to: OpenDirectory, newPath: string): void => {
  // The file has another name then, by which it could be changed.
  if (from.readOnly || to.readOnly) throw readOnly
  walking(from.place, path, (old) =>
    walking(to.place, newPath, (end) => {
      const [oldName, name] = [old.name, named(end)]
      const stat = old.place.stat(oldName)
      if (oldName !== '' && stat && old.slash && !stat.isDirectory()) throw notDirectory(oldName)
      if (stat?.isDirectory()) throw new Failure('EPERM', `${oldName || 'the path'} is a directory`)
      if (stat?.isSymbolicLink() && !old.place.linksLinks)
        throw new Failure('ENOTSUP', 'this system would link to what the link leads to')
      expectNoSlash(end)
      linkSync(old.place.path(oldName), end.place.path(name))
    }),
  )
}

export const renameAt = (from: OpenDirectory, path: string, to: OpenDirectory, newPath: string): void => {
  if (from.readOnly || to.readOnly) throw readOnly
  walking(from.place, path, (old) =>
    walking(to.place, newPath, (end) => {
      const [oldName, name] = [named(old), named(end)]
      if (old.slash || end.slash) {
        const stat = old.place.stat(oldName)
        if (!stat) throw notFound(oldName)
        if (!stat.isDirectory()) throw notDirectory(oldName)
      }
      renameSync(old.place.path(oldName), end.place.path(name))
    }),
  )
}

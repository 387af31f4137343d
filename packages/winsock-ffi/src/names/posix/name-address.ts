/** The socket of a bare name, in a directory of this user alone. */
import { lstatSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../errors/error-code.ts'
import { SocketError } from '../../errors/socket-error.ts'
import type { NameResolver } from '../name-resolver.ts'
import { namePlaces, type NamePlace, type NamePlaces } from './places.ts'
import { ownFault, parentFault } from './safe-directory.ts'

type Syscall = 'listen' | 'connect'

const unsafe = (syscall: Syscall, directory: string, detail: string, advice: string): SocketError =>
  new SocketError({ code: 'EACCES', syscall, address: directory, detail, advice })

const parentAdvice = (source: string): string =>
  source === 'XDG_RUNTIME_DIR'
    ? 'sudo -E and su keep the XDG_RUNTIME_DIR of another user: unset it, or set it to a directory of this user with mode 700'
    : 'set XDG_RUNTIME_DIR to a directory of this user with mode 700'

const PLANTED = 'another user may have put it there to listen in your place: look at it, and remove it'

/** @returns False for one that is not there. */
const checkOwn = ({ directory }: NamePlace, uid: number, syscall: Syscall): boolean => {
  const found = lstatSync(directory, { throwIfNoEntry: false })
  if (!found) return false
  const fault = ownFault(found, uid)
  if (fault !== undefined) throw unsafe(syscall, directory, fault, PLANTED)
  return true
}

/** @returns False for one that is not there. */
const checkParent = ({ parent, source }: NamePlace, uid: number, syscall: Syscall): boolean => {
  let fault: string | undefined
  try {
    fault = parentFault(parent, uid)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false
    throw error
  }
  if (fault !== undefined) throw unsafe(syscall, parent, fault, parentAdvice(source))
  return true
}

/** Makes the directory; the umask only takes bits away, and 0700 has none to lose that matter. */
const make = (place: NamePlace, uid: number): void => {
  try {
    mkdirSync(place.directory, { mode: 0o700 })
  } catch (cause) {
    const code = codeOf(cause) ?? 'UNKNOWN'
    if (code === 'ERR_ACCESS_DENIED') throw cause
    if (code !== 'EEXIST') {
      throw new SocketError({
        code,
        syscall: 'mkdir',
        address: place.directory,
        advice: 'names need a directory of this user: set XDG_RUNTIME_DIR or TMPDIR to one',
        cause,
      })
    }
  }
  // What is there now, by this process or another.
  checkOwn(place, uid, 'listen')
}

/**
 * The directory of this user's sockets; it is made where it is missing, and nothing else is.
 *
 * @throws SocketError `EACCES` when it, or what it is in, belongs to another user, or others may write there; `ENOENT`.
 */
export const userDirectory = (all: NamePlaces = namePlaces()): string => {
  let failed: unknown
  for (const place of all.places) {
    try {
      if (!checkParent(place, all.uid, 'listen')) continue
      make(place, all.uid)
      return place.directory
    } catch (error) {
      failed ??= error
    }
  }
  throw failed ?? noPlace(all)
}

const noPlace = ({ places }: NamePlaces): SocketError =>
  new SocketError({
    code: 'ENOENT',
    syscall: 'mkdir',
    address: places[0]?.parent,
    advice: 'names need a directory of this user: set XDG_RUNTIME_DIR or TMPDIR to one',
  })

const fileIn = (directory: string, name: string): string => join(directory, `${name}.sock`)

const isThere = (directory: string, name: string): boolean =>
  lstatSync(fileIn(directory, name), { throwIfNoEntry: false }) !== undefined

/**
 * Where a client of the name connects to: the first place that has the socket, else the one where a server would listen.
 *
 * @throws SocketError `EACCES` when no place is safe. One that a server would pass by is no reason to fail.
 */
export const clientPath = (name: string, all: NamePlaces = namePlaces()): string => {
  let usable: string | undefined
  let failed: unknown
  for (const place of all.places) {
    try {
      if (!checkParent(place, all.uid, 'connect')) continue
      const there = checkOwn(place, all.uid, 'connect')
      if (there && isThere(place.directory, name)) return fileIn(place.directory, name)
      usable ??= place.directory
    } catch (error) {
      failed ??= error
    }
  }
  if (usable === undefined && failed !== undefined) throw failed
  return fileIn(usable ?? all.places[0]!.directory, name)
}

const list = (places: readonly NamePlace[]): string =>
  places.map(({ directory, source }) => `${directory} (${source})`).join(', ')

/** Where names are looked up, and where a socket of the name is that does not count. */
export const nameAdvice = (name: string, all: NamePlaces = namePlaces()): string => {
  const { places, others, note } = all
  const elsewhere = others.filter(({ directory }) => isThere(directory, name))
  return [
    `is the server started? Its socket was looked for in ${list(places)}`,
    note,
    elsewhere.length > 0 && `${list(elsewhere)} has one, which does not count while XDG_RUNTIME_DIR is set`,
    'a server with another XDG_RUNTIME_DIR or TMPDIR listens elsewhere',
  ]
    .filter(Boolean)
    .join('; ')
}

export const names: NameResolver = {
  serverAddress: (name) => ({ scheme: 'unix', path: fileIn(userDirectory(), name) }),
  clientAddress: (name) => ({ scheme: 'unix', path: clientPath(name) }),
  advice: nameAdvice,
  describe: () => {
    const { places, note } = namePlaces()
    return `${list(places)}${note === undefined ? '' : `; ${note}`}`
  },
}

/** walk: from a directory along a path of the guest, never above that directory. */
import { readlinkSync } from 'node:fs'
import { system } from '@uds/winsock-ffi/internal'
import { Failure, failureOf } from '../../outcome/failure.ts'
import type { Place } from './place.ts'

/** Links that are followed on one way: as many as Linux follows. path_resolution(7) */
const MOST_LINKS = 40

/** PATH_MAX of Linux. */
const LONGEST_PATH = 4096

const outside = new Failure('ENOTCAPABLE', 'the path leads out of the directory that the guest was given')
const tooManyLinks = new Failure('ELOOP', `the path leads through more than ${MOST_LINKS} links`)

/** Where a path ends: a name, whatever it is, in a directory. */
export interface End {
  readonly place: Place
  /** Empty when the path ends at the directory itself: `.`, `a/..`. */
  readonly name: string
  /** The path ends with a slash, so that only a directory is meant. */
  readonly slash: boolean
}

const partsOf = (path: string): string[] => {
  if (path === '') throw new Failure('ENOENT', 'the path is empty')
  if (path.length > LONGEST_PATH) throw new Failure('ENAMETOOLONG', `the path is longer than ${LONGEST_PATH}`)
  if (path.includes('\0')) throw new Failure('EINVAL', 'the path has a NUL in it')
  if (path.startsWith('/')) throw outside
  return path.split('/')
}

/** Whether a path is one plain name: the usual case, in which there is no way to go. */
const isName = (path: string): boolean =>
  path.length > 2 && path.length <= LONGEST_PATH && !path.includes('/') && !path.includes('\0')

/** Windows writes links with backslashes, and has other roots. */
const asGuestPath = (target: string): string => {
  if (system !== 'win32') return target
  const path = target.replaceAll('\\', '/')
  if (/^[A-Za-z]:/u.test(path)) throw outside
  return path
}

/** One walk. The directories that it passes are open until it ends, so that `..` leads where it came from. */
export class Walk {
  /** From the directory that it began at, which is not its own. */
  readonly #way: [Place, ...Place[]]
  #links = 0

  constructor(from: Place) {
    this.#way = [from]
  }

  get #here(): Place {
    return this.#way.at(-1)!
  }

  /** Goes along a path up to its last name. */
  to(path: string, slash = false): End {
    if (isName(path)) return { place: this.#here, name: path, slash }
    const parts = partsOf(path)
    const last = parts.findLastIndex((each) => each !== '' && each !== '.')
    // `a/` and `a/.` mean a directory; of `.` alone nothing is left but the directory itself.
    const directory = slash || last < parts.length - 1
    for (const part of parts.slice(0, Math.max(last, 0))) this.#step(part)
    const name = last < 0 ? '' : parts[last]!
    if (name === '..') {
      this.#up()
      return { place: this.#here, name: '', slash: true }
    }
    if (parts.at(-1) === '.' && name !== '') {
      this.#step(name)
      return { place: this.#here, name: '', slash: true }
    }
    return { place: this.#here, name, slash: directory }
  }

  /** Goes on through the link that a walk has ended at. */
  through({ name, slash }: End): End {
    return this.to(this.#targetOf(name), slash)
  }

  #up(): void {
    if (this.#way.length === 1) throw outside
    this.#way.pop()!.close()
  }

  #step(name: string): void {
    if (name === '' || name === '.') return
    if (name === '..') return this.#up()
    let place: Place
    try {
      place = this.#here.enter(name)
    } catch (error) {
      const { code } = failureOf(error)
      if ((code !== 'ENOTDIR' && code !== 'ELOOP') || !isLinkAt(this.#here, name)) throw error
      for (const part of partsOf(this.#targetOf(name))) this.#step(part)
      return
    }
    this.#way.push(place)
  }

  #targetOf(name: string): string {
    this.#links += 1
    if (this.#links > MOST_LINKS) throw tooManyLinks
    return asGuestPath(readlinkSync(this.#here.path(name)))
  }

  close(): void {
    for (let at = 1; at < this.#way.length; at += 1) this.#way[at]!.close()
  }
}

/** Whether a name is a link now. */
export const isLinkAt = (place: Place, name: string): boolean => place.stat(name)?.isSymbolicLink() === true

/** Walks, does something at the end, and closes the directories on the way. */
export const walking = <T>(from: Place, path: string, action: (end: End, walk: Walk) => T): T => {
  const walk = new Walk(from)
  try {
    return action(walk.to(path), walk)
  } finally {
    walk.close()
  }
}

/**
 * CheckedPlace: a directory that is held by its path, for systems that cannot anchor one. Before each call the path must
 * still lead to the same directory, and after an open the name to the same file. A process of the host that changes the
 * directory between a check and its call can win that race; a guest alone cannot, whose calls come one after the other.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  realpathSync,
  statSync,
  type BigIntStats,
  type Dirent,
} from 'node:fs'
import { join } from 'node:path'
import { system } from '@uds/winsock-ffi/internal'
import { Failure } from '../../outcome/failure.ts'
import { expectHostName } from './host-name.ts'
import { NEW_FILE, type Found, type Place } from './place.ts'

// Windows lacks the first three: undefined is no bit.
const { O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_WRONLY, O_RDWR, O_CREAT } = constants

interface Identity {
  readonly dev: bigint
  readonly ino: bigint
}

// On Windows libuv has the number of a volume from two calls, which differ in their width.
const isSame = (one: Identity, other: Identity): boolean =>
  one.ino === other.ino && (system === 'win32' || one.dev === other.dev)

const changed = new Failure('ESTALE', 'the path leads to something else than it did: the host has changed it')
const isLink = new Failure('ELOOP', 'the name is a link')

export class CheckedPlace implements Place {
  readonly reopen = undefined
  readonly linksLinks = false
  readonly #path: string
  readonly #identity: Identity

  private constructor(path: string, identity: Identity) {
    this.#path = path
    this.#identity = identity
  }

  /** A directory of the host by its path, in which links are followed. */
  static at(path: string): CheckedPlace {
    const real = realpathSync.native(path)
    readdirSync(real)
    return new CheckedPlace(real, statSync(real, { bigint: true }))
  }

  path(name: string): string {
    if (!isSame(statSync(this.#path, { bigint: true }), this.#identity)) throw changed
    if (name === '') return this.#path
    expectHostName(name)
    return join(this.#path, name)
  }

  #found(name: string): BigIntStats {
    return lstatSync(this.path(name), { bigint: true })
  }

  enter(name: string): Place {
    if (name === '') return new CheckedPlace(this.#path, this.#identity)
    const stat = this.#found(name)
    if (stat.isSymbolicLink()) throw isLink
    if (!stat.isDirectory()) throw new Failure('ENOTDIR', `${name} is no directory`)
    return new CheckedPlace(join(this.#path, name), stat)
  }

  open(name: string, flags: number): Found {
    const path = this.path(name)
    const before = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    if (before?.isSymbolicLink() && (flags & constants.O_EXCL) === 0) throw isLink
    if (before?.isDirectory()) {
      if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) !== 0) throw new Failure('EISDIR', `${name} is a directory`)
      return { kind: 'directory', place: this.enter(name) }
    }
    const fd = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, NEW_FILE)
    try {
      const stat = fstatSync(fd, { bigint: true })
      if (!isSame(this.#found(name), stat)) throw changed
      return { kind: 'file', fd, isFile: stat.isFile(), close: closeSync }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  stat(name: string): BigIntStats | undefined {
    const path = this.path(name)
    return lstatSync(path, { bigint: true, throwIfNoEntry: false })
  }

  openWhole(): undefined {}

  statWhole(): undefined {}

  list(): Dirent[] {
    return readdirSync(this.path(''), { withFileTypes: true })
  }

  close(): void {}
}

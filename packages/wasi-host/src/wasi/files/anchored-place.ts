/**
 * AnchoredPlace: a directory that is held by a descriptor, and whose names are reached through `/proc/self/fd/N`. The
 * kernel begins each look-up at the directory itself, as openat(2) does, whatever has become of its path meanwhile.
 *
 * @see proc_pid_fd(5), open(2)
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  statSync,
  type BigIntStats,
  type Dirent,
} from 'node:fs'
import { NEW_FILE, type Found, type Place, type Status } from './place.ts'

/** <fcntl.h> of Linux on x86-64 and arm64; `node:fs` does not have it. */
export const O_PATH = 0o10_000_000

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants

const pathOf = (fd: number): string => `/proc/self/fd/${fd}`

export class AnchoredPlace implements Place {
  readonly linksLinks = true
  protected readonly fd: number
  readonly #path: string

  constructor(fd: number) {
    this.fd = fd
    this.#path = pathOf(fd)
  }

  /** A directory of the host by its path, in which links are followed. */
  static at(path: string): AnchoredPlace {
    return new this(openSync(path, O_PATH | O_DIRECTORY))
  }

  protected placeOf(fd: number): AnchoredPlace {
    return new AnchoredPlace(fd)
  }

  path(name: string): string {
    return name === '' ? this.#path : `${this.#path}/${name}`
  }

  enter(name: string): Place {
    // What /proc names is a link, by which the kernel reaches the very directory.
    const flags = name === '' ? O_PATH | O_DIRECTORY : O_PATH | O_DIRECTORY | O_NOFOLLOW
    return this.placeOf(openSync(this.path(name), flags))
  }

  open(name: string, flags: number): Found {
    // A FIFO must not hold up this thread, and no terminal become that of this process.
    const fd = openSync(this.path(name), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, NEW_FILE)
    const stat = fstatSync(fd)
    return stat.isDirectory()
      ? { kind: 'directory', place: this.placeOf(fd) }
      : { kind: 'file', fd, isFile: stat.isFile(), close: closeSync }
  }

  stat(name: string): BigIntStats | undefined {
    return name === ''
      ? fstatSync(this.fd, { bigint: true })
      : lstatSync(this.path(name), { bigint: true, throwIfNoEntry: false })
  }

  list(): Dirent[] {
    return readdirSync(this.#path, { withFileTypes: true })
  }

  openWhole(_path: string, _flags: number, _follow: boolean): Found | 'missing' | undefined {
    return undefined
  }

  statWhole(_path: string, _follow: boolean): Status | 'missing' | undefined {
    return undefined
  }

  readonly reopen = (fd: number, flags: number): number => openSync(pathOf(fd), flags)

  close(): void {
    closeSync(this.fd)
  }
}

/** Whether this runtime passes the flags of open(2) on: `/proc/self` is a link, which must not be opened so. */
const passesFlags = (): boolean => {
  try {
    closeSync(openSync('/proc/self', O_PATH | O_DIRECTORY | O_NOFOLLOW))
    return false
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOTDIR' || code === 'ELOOP'
  }
}

const reachesDirectories = (): boolean => {
  try {
    const root = AnchoredPlace.at('/')
    try {
      return statSync(root.path('.'), { bigint: true }).ino === statSync('/', { bigint: true }).ino
    } finally {
      root.close()
    }
  } catch {
    return false
  }
}

let known: boolean | undefined

/** Whether this runtime and this system can anchor directories: Linux, with /proc. */
export const canAnchor = (): boolean => (known ??= passesFlags() && reachesDirectories())

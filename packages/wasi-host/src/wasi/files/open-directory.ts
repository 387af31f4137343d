/** OpenDirectory: a directory that the guest has open, and its names. */
import { closeSync, fsyncSync, openSync, type Dirent } from 'node:fs'
import { system } from '@uds/winsock-ffi/internal'
import { openPlace } from './open-place.ts'
import type { Place, Status } from './place.ts'
import { readOnly } from './open-file.ts'
import { setTimes, type NewTimes } from './times.ts'

/** What a name in a directory is. */
export type FileType =
  | 'unknown'
  | 'block-device'
  | 'character-device'
  | 'directory'
  | 'fifo'
  | 'symbolic-link'
  | 'regular-file'
  | 'socket'

/** The type of a status, or of a name in a list. */
export const fileTypeOf = (found: Status | Dirent): FileType => {
  if (found.isFile()) return 'regular-file'
  if (found.isDirectory()) return 'directory'
  if (found.isSymbolicLink()) return 'symbolic-link'
  if (found.isCharacterDevice()) return 'character-device'
  if (found.isBlockDevice()) return 'block-device'
  if (found.isFIFO()) return 'fifo'
  return found.isSocket() ? 'socket' : 'unknown'
}

export interface DirectoryEntry {
  readonly name: string
  readonly type: FileType
}

export class OpenDirectory {
  readonly place: Place
  /** Whatever would change what is in it is `EROFS`. */
  readonly readOnly: boolean
  #entries: readonly DirectoryEntry[] | undefined

  constructor(place: Place, isReadOnly: boolean) {
    this.place = place
    this.readOnly = isReadOnly
  }

  /**
   * A directory of the host.
   *
   * @throws The error of `node:fs` when it cannot be opened.
   */
  static preopened(path: string, isReadOnly: boolean): OpenDirectory {
    return new OpenDirectory(openPlace(path), isReadOnly)
  }

  stat(): Status {
    return this.place.stat('')!
  }

  /** The names as they were when reading began: `.` and `..` are not among them. */
  entries(again: boolean): readonly DirectoryEntry[] {
    if (again || !this.#entries)
      this.#entries = this.place.list().map((each) => ({ name: each.name, type: fileTypeOf(each) }))
    return this.#entries
  }

  /** The serial number of a name; 0 when it has gone. */
  serial(name: string): bigint {
    return this.place.stat(name)?.ino ?? 0n
  }

  setTimes(times: NewTimes): void {
    if (this.readOnly) throw readOnly
    // `.` in it, since the path of an anchor is itself a link.
    setTimes({ path: `${this.place.path('')}/.` }, times, this.stat())
  }

  /** Waits until the names in it are on the disk. Windows has no such call. */
  sync(): void {
    if (system === 'win32') return
    const fd = openSync(`${this.place.path('')}/.`, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  }

  close(): void {
    this.place.close()
  }
}

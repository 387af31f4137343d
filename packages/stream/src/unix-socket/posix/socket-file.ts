/** The published file of a socket: whether it still leads to it, kept from cleaners, removed. */
import type { Stats } from 'node:fs'
import { randomPart } from '@uds/winsock-ffi/internal'
import { atExit } from '../../listener/at-exit.ts'
import { fileStays } from '../../listener/bound-file.ts'
import type { FileState } from '../../listener/file-state.ts'
import { keepTouched } from '../../listener/touch.ts'
import { isSameFile, lstatIfExists } from './files.ts'
import { moveAside } from './move-aside.ts'

export class SocketFile {
  readonly #path: string
  readonly #bound: Stats
  readonly #ends: readonly (() => void)[]

  /**
   * @param path - Absolute: the working directory may be another one when it is removed.
   * @param bound - The file that leads to the socket.
   */
  constructor(path: string, bound: Stats) {
    this.#path = path
    this.#bound = bound
    const key = `${bound.dev}:${bound.ino} ${path}`
    this.#ends = [
      keepTouched(key, path, () => isSameFile(lstatIfExists(path), bound)),
      atExit(key, () => this.removeFile()),
    ]
  }

  get state(): FileState {
    try {
      const found = lstatIfExists(this.#path)
      if (isSameFile(found, this.#bound)) return 'linked'
      return found === undefined ? 'removed' : 'replaced'
    } catch {
      // It may not be looked at, as after a change of the user: nothing says that it is gone.
      return 'linked'
    }
  }

  /** @returns False when the path did not lead here. */
  protected removeFile(): boolean {
    if (!isSameFile(lstatIfExists(this.#path), this.#bound)) return false
    return moveAside(this.#path, `${this.#path}.${randomPart()}`, this.#bound)
  }

  /** Leaves the path as it is. */
  forget(): void {
    for (const end of this.#ends) end()
  }

  /**
   * Removes the file, unless the path leads to another socket by now.
   *
   * @returns False when the path did not lead here.
   * @throws SocketError `EACCES`, `EPERM`, `EROFS` when this user may not remove it (any more).
   */
  remove(): boolean {
    this.forget()
    try {
      return this.removeFile()
    } catch (cause) {
      throw fileStays(this.#path, cause)
    }
  }
}

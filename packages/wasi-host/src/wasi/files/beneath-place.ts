/** BeneathPlace: an anchored directory beneath which the kernel resolves whole paths, where it can. */
import { constants } from 'node:fs'
import { constants as os } from 'node:os'
import { closeOpened } from './opened-by-call.ts'
import { AnchoredPlace, O_PATH } from './anchored-place.ts'
import { NEW_FILE, type Found, type Status } from './place.ts'
import { openWhole, resolvesWhole, statWhole } from './whole-paths.ts'

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants
const { ENOENT } = os.errno

export class BeneathPlace extends AnchoredPlace {
  /** Opened by a call of this package. */
  #byCall = false

  protected override placeOf(fd: number): BeneathPlace {
    return new BeneathPlace(fd)
  }

  #opened(fd: number): BeneathPlace {
    const place = this.placeOf(fd)
    place.#byCall = true
    return place
  }

  override openWhole(path: string, flags: number, follow: boolean): Found | 'missing' | undefined {
    if (!resolvesWhole()) return undefined
    const more = (flags & O_DIRECTORY) === 0 ? O_NONBLOCK | O_NOCTTY : O_PATH
    const opened = openWhole(this.fd, path, flags | more | (follow ? 0 : O_NOFOLLOW), NEW_FILE)
    if (opened === -ENOENT) return 'missing'
    if (typeof opened !== 'object') return undefined
    const { fd, isDirectory, isFile } = opened
    if (isDirectory) return { kind: 'directory', place: this.#opened(fd) }
    if (isFile) return { kind: 'file', fd, isFile, close: closeOpened }
    // What becomes a stream is Node's to open and close.
    closeOpened(fd)
    return undefined
  }

  override statWhole(path: string, follow: boolean): Status | 'missing' | undefined {
    if (!resolvesWhole()) return undefined
    const found = statWhole(this.fd, path, follow)
    if (found === -ENOENT) return 'missing'
    return typeof found === 'object' ? found : undefined
  }

  override close(): void {
    if (this.#byCall) closeOpened(this.fd)
    else super.close()
  }
}

/** Place: a directory of the host, by which the names in it are reached and nothing else. */
import type { BigIntStats, Dirent } from 'node:fs'

/** What an open has found: a directory, or anything that is read and written by a descriptor of this process. */
export type Found =
  | { readonly kind: 'directory'; readonly place: Place }
  | {
      readonly kind: 'file'
      readonly fd: number
      readonly isFile: boolean
      /** How the descriptor is closed. */
      readonly close: (fd: number) => void
    }

/** What is known of a name: as `node:fs` has it, as far as this package asks. */
export type Status = Pick<
  BigIntStats,
  | 'dev'
  | 'ino'
  | 'nlink'
  | 'size'
  | 'atimeNs'
  | 'mtimeNs'
  | 'ctimeNs'
  | 'isFile'
  | 'isDirectory'
  | 'isSymbolicLink'
  | 'isCharacterDevice'
  | 'isBlockDevice'
  | 'isFIFO'
  | 'isSocket'
>

/**
 * A directory of the host. A name is one component of a path: never empty, `.` or `..`, and without a slash; the empty
 * name is the directory itself. No call follows a link that the name may be.
 */
export interface Place {
  /** What the functions of `node:fs` take for a name. */
  path(name: string): string
  /**
   * A directory in it, or itself once more.
   *
   * @throws `ENOTDIR` or `ELOOP` for a link.
   */
  enter(name: string): Place
  /**
   * Opens what has the name, with flags of open(2).
   *
   * @throws `ELOOP` for a link.
   */
  open(name: string, flags: number): Found
  /** The status of a name, of a link itself; undefined when there is none. */
  stat(name: string): Status | undefined
  /**
   * Opens a path of the guest beneath this directory in one step, as a walk would; with O_DIRECTORY only to find its way
   * from there.
   *
   * @returns `missing` where the answer is ENOENT; undefined where it has to be walked: the system cannot, or it fails for
   *   another reason.
   */
  openWhole(path: string, flags: number, follow: boolean): Found | 'missing' | undefined
  /**
   * The status of a path of the guest, in one step.
   *
   * @returns As {@link openWhole}.
   */
  statWhole(path: string, follow: boolean): Status | 'missing' | undefined
  /** The names in it, without `.` and `..`. */
  list(): Dirent[]
  /**
   * The file behind a descriptor of this process once more, with other flags; undefined where the system cannot.
   */
  readonly reopen: ((fd: number, flags: number) => number) | undefined
  /** Whether a hard link to a link can be made here that is one to the link itself. */
  readonly linksLinks: boolean
  close(): void
}

/** The mode of a new file, before the umask of this process. */
export const NEW_FILE = 0o666

/**
 * The directory in which the workers of a cluster meet: the socket under the name that the primary process binds, and a
 * file for each worker that listens.
 */
import { linkSync, readdirSync, readFileSync, unlinkSync, writeFileSync, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SocketError } from '@uds/winsock-ffi'
import { codeOf, fitsSocketAddress, randomPart } from '@uds/winsock-ffi/internal'
import { isSameFile, lstatIfExists } from './files.ts'
import { enterPrivateDirectory, type PrivateDirectory } from './private-directory.ts'

/** The name of the socket in its directory. */
const SOCKET = 's'

/** Field 22 of proc(5), `/proc/PID/stat`: with it the number of a process that ended is never taken for another's. */
const startTime = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]).toString(36)
  } catch {
    // macOS has no /proc.
    return ''
  }
}

/** The same in every worker of a primary process, and in no other process. */
const primaryId = (): string => `${process.ppid.toString(36)}-${startTime(process.ppid)}`

const readableName = (path: string, id: string): string => `.${basename(path).slice(0, 64)}.uds-${id}`

/** FNV-1a over UTF-16: a short name where the readable one does not fit. */
const shortHash = (text: string): string => {
  let hash = 0x811c_9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193) >>> 0
  return hash.toString(36)
}

/** @throws SocketError `ENAMETOOLONG`: the primary process binds, so no descriptor of this process can shorten the path. */
const directoryPath = (path: string): string => {
  const id = primaryId()
  const names = [readableName(path, id), `.${shortHash(`${basename(path)} ${id}`)}`]
  const found = names
    .map((name) => join(dirname(path), name))
    .find((each) => fitsSocketAddress(join(each, SOCKET)))
  if (found !== undefined) return found
  throw new SocketError({
    code: 'ENAMETOOLONG',
    syscall: 'listen',
    address: `unix:${path}`,
    detail:
      'workers of a cluster share a socket that is bound in a directory beside the path, and no name for it fits',
    advice: 'use a shorter directory, or exclusive for a listener of this worker alone',
  })
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

const removeIfThere = (file: string): void => {
  try {
    unlinkSync(file)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

export class ClusterDirectory {
  readonly #directory: PrivateDirectory
  readonly #member = `${process.pid}.${randomPart()}`
  /** For locks: beside the directory, which can be removed while one is held. */
  readonly path: string
  /** The path that the primary process binds: the same text in all of its workers. */
  readonly boundPath: string
  /** The same file, for every other call. */
  readonly socket: string

  /**
   * @param path - The public path.
   * @throws SocketError `EACCES`, `ENAMETOOLONG`; the error of mkdir(2).
   */
  static of(path: string): ClusterDirectory {
    return new ClusterDirectory(directoryPath(path))
  }

  private constructor(directory: string) {
    this.#directory = enterPrivateDirectory(directory)
    this.path = this.#directory.path
    this.boundPath = join(this.path, SOCKET)
    this.socket = this.#at(SOCKET)
  }

  #at(name: string): string {
    return join(this.#directory.safePath, name)
  }

  /** Whether it is still there: the last worker may have removed it meanwhile. */
  get exists(): boolean {
    return lstatIfExists(this.path) !== undefined
  }

  /** Called before this worker listens, so that no other believes itself to be the last one. */
  join(): void {
    writeFileSync(this.#at(this.#member), '', { flag: 'wx', mode: 0o600 })
  }

  /** The file of the shared socket; undefined when the last of earlier workers has left. */
  get bound(): Stats | undefined {
    return lstatIfExists(this.socket)
  }

  /** Whether the public path leads to the shared socket. */
  isAt(path: string): boolean {
    return isSameFile(lstatIfExists(path), this.bound)
  }

  /**
   * A second name of the socket, which can be moved to the public path.
   *
   * @throws SocketError `ENOTSUP` where the file system has no hard links.
   */
  secondName(): string {
    const name = this.#at(randomPart())
    try {
      linkSync(this.socket, name)
      return name
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') throw cause
      throw new SocketError({
        code: 'ENOTSUP',
        syscall: 'link',
        address: `unix:${this.boundPath}`,
        detail: 'workers of a cluster share a socket by hard links, which are refused here',
        advice: 'listen in another directory, or with exclusive in one worker alone',
        cause,
      })
    }
  }

  /** Whether another worker listens. Files of workers that were killed go. */
  get hasOthers(): boolean {
    let found = false
    for (const name of readdirSync(this.#directory.safePath)) {
      const [, pid] = /^(\d+)\.\w{8}$/.exec(name) ?? []
      if (pid === undefined || name === this.#member) continue
      if (isAlive(Number(pid))) found = true
      else removeIfThere(this.#at(name))
    }
    return found
  }

  /** This worker listens no more. @returns True for the last one. */
  leave(): boolean {
    removeIfThere(this.#at(this.#member))
    return !this.hasOthers
  }

  /** Removes the directory when it is empty. */
  close(): void {
    try {
      this.#directory.close()
    } catch {
      // Other workers are in it, or the primary process has not closed its socket yet.
    }
  }

  /** The last worker leaves nothing: the primary process, which closes the socket later, finds its file gone. */
  empty(): void {
    removeIfThere(this.socket)
  }

  /**
   * Removes what clusters have left that were killed: directories of this user without a worker, whose socket is gone or is
   * `dead`.
   *
   * @param path - The public path.
   * @param dead - The file of a socket of which is known that it is closed.
   */
  static removeAbandoned(path: string, dead: Stats): void {
    const prefix = readableName(path, '')
    for (const name of readdirSync(dirname(path))) {
      if (!name.startsWith(prefix) || !/^[\da-z]+-[\da-z]*$/.test(name.slice(prefix.length))) continue
      const directory = new ClusterDirectory(join(dirname(path), name))
      try {
        const { bound } = directory
        const isOver = bound === undefined || (bound.ino === dead.ino && bound.dev === dead.dev)
        if (isOver && !directory.hasOthers) directory.empty()
      } finally {
        directory.close()
      }
    }
  }
}

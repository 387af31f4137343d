/** Where a socket is bound before it has its public name. */
import { chmodSync, mkdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { toSocketError } from '../../errors/connection-error.ts'
import type { ListenOptions } from '../../transport.ts'
import { fits } from './short-path.ts'

export interface TemporaryPath {
  /** Beside the public path, as link(2) and rename(2) stay within a file system. */
  readonly path: string
  /** The part of it that no other has. */
  readonly unique: string
  /** Removes what is still there after a failure. */
  remove(): void
  /** When the socket has left: nothing of the name stays. */
  close(): void
}

/** What is gone already is as good, and no reason to forget what failed before. */
const tryTo = (action: () => void): void => {
  try {
    action()
  } catch {
    // Somebody has put something of his own there, or has removed it.
  }
}

const unique = (): string => Math.random().toString(36).slice(2, 10).padEnd(8, '0')

/** The name says whose it is, where that is not too long: `ss` and `lsof` show it, and `uds ls` reads it. */
const plainName = (path: string): TemporaryPath => {
  const own = unique()
  const told = join(dirname(path), `.${basename(path).slice(0, 64)}.uds-${own}`)
  const name = fits(told) ? told : join(dirname(path), `.${own.slice(0, 6)}`)
  return { path: name, unique: own, remove: () => tryTo(() => unlinkSync(name)), close: () => {} }
}

/** In a directory that nobody else can enter. mkdir(2) fails on anything that has its name already. */
const guardedName = (path: string): TemporaryPath => {
  const own = unique()
  const directory = join(dirname(path), `.${basename(path).slice(0, 64)}.uds-${own}`)
  try {
    mkdirSync(directory, 0o700)
    // The umask may have taken the rights of this user as well.
    chmodSync(directory, 0o700)
  } catch (error) {
    throw toSocketError(error, 'listen', `unix:${path}`)
  }
  return {
    path: join(directory, own),
    unique: own,
    remove: () => tryTo(() => unlinkSync(join(directory, own))),
    close: () => tryTo(() => rmdirSync(directory)),
  }
}

/**
 * A socket is bound with the mode that the umask leaves. One that is to have another must not be reached before it has
 * it, so it is bound in a directory of its own; for others that would be half the cost of a listener.
 */
export const temporaryPath = (path: string, { mode, uid, gid }: ListenOptions): TemporaryPath =>
  mode === undefined && uid === undefined && gid === undefined ? plainName(path) : guardedName(path)

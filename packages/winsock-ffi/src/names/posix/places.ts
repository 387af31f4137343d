/** Where the sockets of bare names can be: the directories that a program of this user may choose. */
import { lstatSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { ownUid } from '../../identity/posix.ts'
import { system } from '../../system.ts'

/** A directory for the sockets of this user. */
export interface NamePlace {
  readonly directory: string
  /** Where it is in: it must be there. */
  readonly parent: string
  /** What names the parent: `XDG_RUNTIME_DIR`, `TMPDIR`, or that it is customary. */
  readonly source: string
}

export interface NamePlaces {
  readonly uid: number
  /** In the order in which a server takes the first that is there. */
  readonly places: readonly NamePlace[]
  /** Those that count only without XDG_RUNTIME_DIR; for messages. */
  readonly others: readonly NamePlace[]
  /** What is wrong with XDG_RUNTIME_DIR, so that it does not count; undefined when it does. */
  readonly note: string | undefined
}

/** What the choice depends on. */
export interface Surroundings {
  readonly uid: number
  readonly runtimeDirectory: string | undefined
  /** Where systemd and its like make a directory for each user who has logged on. */
  readonly runtimeRoot: string | undefined
  readonly temporaryDirectory: string
}

const surroundings = (): Surroundings => ({
  uid: ownUid(),
  runtimeDirectory: process.env['XDG_RUNTIME_DIR'],
  runtimeRoot: system === 'linux' ? '/run/user' : undefined,
  temporaryDirectory: tmpdir(),
})

const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

/** "All paths set in these environment variables must be absolute"; a relative one is to be ignored. */
const noteOf = (runtime: string | undefined): string | undefined => {
  if (runtime === undefined || runtime === '') return 'XDG_RUNTIME_DIR is not set'
  if (!isAbsolute(runtime)) return `XDG_RUNTIME_DIR is ${runtime}, which is no absolute path`
  return exists(runtime) ? undefined : `XDG_RUNTIME_DIR is ${runtime}, which does not exist`
}

const below = (parent: string, name: string, source: string): NamePlace => ({
  directory: join(parent, name),
  parent,
  source,
})

/**
 * Where XDG_RUNTIME_DIR leads to something it alone counts, so that programs can be kept apart by it. Otherwise the
 * directory that it mostly names, then those of temporary files.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export const namePlaces = (around: Surroundings = surroundings()): NamePlaces => {
  const { uid, runtimeDirectory, runtimeRoot, temporaryDirectory } = around
  const others: NamePlace[] = []
  if (runtimeRoot !== undefined) {
    const parent = join(runtimeRoot, String(uid))
    if (exists(parent)) others.push(below(parent, 'uds', `where ${runtimeRoot} has one for this user`))
  }
  others.push(below(temporaryDirectory, `uds-${uid}`, 'TMPDIR, or what stands for it'))
  if (temporaryDirectory !== '/tmp') others.push(below('/tmp', `uds-${uid}`, 'where /tmp is'))
  const note = noteOf(runtimeDirectory)
  if (note !== undefined) return { uid, places: others, others: [], note }
  return { uid, places: [below(runtimeDirectory!, 'uds', 'XDG_RUNTIME_DIR')], others, note }
}

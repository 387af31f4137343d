/** publish: a listening socket gets its public name, in one step of the file system. */
import { renameSync, type Stats } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SocketError } from '@uds/winsock-ffi'
import { closeOrphans, withFileLock } from '@uds/winsock-ffi/internal'
import { throwIfAborted } from '../../errors/connection-error.ts'
import { inUse, serverListens } from '../path-taken.ts'
import { ClusterDirectory } from './cluster-directory.ts'
import { isPlaceholder, moveTo } from './exclusive-name.ts'
import { describeFile, lstatIfExists } from './files.ts'
import { moveAside } from './move-aside.ts'
import { probe } from './probe.ts'

/** Throws unless nothing, or a socket, is there: only sockets are ever replaced. */
const requireSocket = (path: string): void => {
  const found = lstatIfExists(path)
  if (!found || found.isSocket()) return
  throw inUse(
    path,
    `the path names ${describeFile(found)}, not a socket`,
    'choose another path, or move it away',
  )
}

/** What a user meets in a sticky directory such as /tmp: only the owner of a file may remove or rename it (unlink(2)). */
const mayNotRemove = (path: string, detail: string, cause: unknown): SocketError => {
  const owner = lstatIfExists(path)?.uid
  const whose = owner === undefined || owner === process.geteuid?.() ? '' : ` (it belongs to uid ${owner})`
  return inUse(
    path,
    `${detail}${whose}`,
    'remove it as its owner, or choose a path in a directory of this user',
    cause,
  )
}

const mayNotAsk = (path: string): SocketError =>
  inUse(
    path,
    `a socket file (of uid ${lstatIfExists(path)?.uid ?? 'unknown'}) is there, and this user may not ask whether a server listens`,
    'choose another path; its owner or root can remove a file that is left',
  )

/** What is left beside the path is no reason not to listen. */
const removeAbandoned = (path: string, dead: Stats): void => {
  try {
    ClusterDirectory.removeAbandoned(path, dead)
  } catch {
    // The directory may not be read, or has one of another user with that name.
  }
}

const removeStale = (path: string, aside: string, signal: AbortSignal | undefined): Promise<void> =>
  withFileLock(path, signal, async () => {
    const found = lstatIfExists(path)
    if (!found) return
    requireSocket(path)
    // Probed again under the lock: another process may have replaced it meanwhile.
    if ((await probe(path)) !== 'dead') return
    try {
      moveAside(path, aside, found)
      removeAbandoned(path, found)
    } catch (cause) {
      throw mayNotRemove(
        path,
        'the socket file is left from a server that died, and this user may not remove it',
        cause,
      )
    }
  })

const takeOver = (from: string, path: string): void => {
  requireSocket(path)
  try {
    renameSync(from, path)
  } catch (cause) {
    if (!lstatIfExists(path)) throw cause
    throw mayNotRemove(path, 'this user may not replace the socket file of the other server', cause)
  }
}

/** Attempts, as other processes may take the name in between. */
const MAX_ATTEMPTS = 5

export interface PublishOptions {
  readonly takeOver: boolean
  readonly removeStale: boolean
  readonly signal: AbortSignal | undefined
}

/**
 * @param from - The name that it is bound under.
 * @throws SocketError `EADDRINUSE` when a server listens there, when what is there is no socket, or may not be removed;
 *   the signal's reason.
 */
export const publish = async (from: string, path: string, options: PublishOptions): Promise<void> => {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    throwIfAborted(options.signal)
    if (options.takeOver) return takeOver(from, path)
    if (moveTo(from, path)) return
    const found = lstatIfExists(path)
    if (found && isPlaceholder(found) && attempt < MAX_ATTEMPTS) {
      await nextTurn()
      continue
    }
    requireSocket(path)
    const state = await probe(path)
    if (state === 'alive') {
      if (closeOrphans(path)) continue
      throw serverListens(path)
    }
    if (state === 'dead') {
      if (!options.removeStale) {
        throw inUse(
          path,
          'a socket file is left there, and nobody listens',
          'remove it, or leave removeStale on',
        )
      }
      await removeStale(path, `${from}.old`, options.signal)
    } else if (state === 'EACCES') {
      throw mayNotAsk(path)
    } else if (state !== 'ENOENT') {
      throw inUse(path, `the path is taken, and connecting to it fails with ${state}`, 'choose another path')
    }
  }
  throw inUse(path, 'others keep taking the path', 'are several servers being started there?')
}

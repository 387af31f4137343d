/** How a socket that listens under a private name gets its public one, and how it gives it up. */
import { linkSync, renameSync, unlinkSync, type Stats } from 'node:fs'
import { connect } from 'node:net'
import { throwIfAborted } from '../../errors/connection-error.ts'
import { withFileLock } from '@uds/winsock-ffi/internal'
import { inUse, serverListens } from '../path-taken.ts'
import { isSameFile, lstatIfExists, moveAside } from './move-aside.ts'
import { shortPath } from './short-path.ts'

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

/** What a file is, in words. */
export const describeFile = (found: Stats): string => {
  if (found.isDirectory()) return 'a directory'
  if (found.isSymbolicLink()) return 'a symbolic link'
  return found.isFile() ? 'a regular file' : 'a pipe or a device'
}

/** Only sockets are ever replaced. */
const requireSocket = (path: string, found: Stats): void => {
  if (found.isSocket()) return
  throw inUse(
    path,
    `the path names ${describeFile(found)}, not a socket`,
    'choose another path, or move it away',
  )
}

/** How a connect ends: undefined when somebody accepts, else the code. */
const probe = (path: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const target = shortPath(path, 'connect')
    const socket = connect({ path: target.path })
    const finish = (code: string | undefined): void => {
      socket.destroy()
      target.close()
      resolve(code)
    }
    socket.once('connect', () => finish(undefined))
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'UNKNOWN'))
  })

/** Gives the name to the socket unless anything has it. */
const tryLink = (from: string, path: string): boolean => {
  try {
    linkSync(from, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  unlinkSync(from)
  return true
}

const removeStale = (path: string, aside: string, signal: AbortSignal | undefined): Promise<void> =>
  withFileLock(path, signal, async () => {
    const found = lstatIfExists(path)
    if (!found) return
    requireSocket(path, found)
    // Asked again under the lock: somebody may have replaced it meanwhile.
    if ((await probe(path)) !== 'ECONNREFUSED') return
    try {
      moveAside(path, aside, found)
    } catch (cause) {
      throw inUse(
        path,
        'the socket file is left from a server that died, and this user may not remove it',
        'remove it, or choose a path in a directory of this user',
        cause,
      )
    }
  })

/** How often another may come between before it is given up. */
const ROUNDS = 5

export interface PublishOptions {
  readonly takeOver: boolean
  readonly removeStale: boolean
  readonly signal: AbortSignal | undefined
}

/**
 * Gives a listening socket its public name, in one step of the file system.
 *
 * @param from - Where it is bound, in a directory that nobody else uses.
 * @throws SocketError `EADDRINUSE` when somebody listens there, or what is there is no socket; the signal's reason.
 */
export const publish = async (from: string, path: string, options: PublishOptions): Promise<void> => {
  const aside = `${from}.old`
  for (let round = 0; round < ROUNDS; round += 1) {
    throwIfAborted(options.signal)
    if (options.takeOver) {
      const replaced = lstatIfExists(path)
      if (replaced) requireSocket(path, replaced)
      renameSync(from, path)
      return
    }
    if (tryLink(from, path)) return
    const found = lstatIfExists(path)
    if (found) requireSocket(path, found)
    const answer = await probe(path)
    if (answer === undefined || answer === 'EAGAIN') {
      throw serverListens(path)
    }
    if (answer === 'ECONNREFUSED') {
      if (!options.removeStale) {
        throw inUse(
          path,
          'a socket file is left there, and nobody listens',
          'remove it, or leave removeStale on',
        )
      }
      await removeStale(path, aside, options.signal)
    } else if (answer !== 'ENOENT') {
      throw inUse(path, `the path is taken, and connecting to it gives ${answer}`, 'choose another path')
    }
  }
  throw inUse(path, 'others keep taking the path', 'are several servers being started there?')
}

/**
 * Takes the public name away, unless it leads to this socket no more: a successor has it, or somebody removed it.
 *
 * @returns False when it did not lead here.
 */
export const unpublish = (path: string, own: Stats, aside: string): boolean =>
  isSameFile(lstatIfExists(path), own) && moveAside(path, aside, own)

/** bind by Winsock under the lock of the path, after removing a dead or superseded server's file. */
import { setTimeout as sleep } from 'node:timers/promises'
import { findFile, mayBeSocket, removeSocketFile, sockets, type SocketHandle } from '@uds/winsock-ffi'
import { codeOf, withFileLock } from '@uds/winsock-ffi/internal'
import { throwIfAborted } from '../../errors/connection-error.ts'
import type { ListenOptions } from '../../transport.ts'
import { isShared } from '../../node-net/cluster.ts'
import { inUse, serverListens, workerListens } from '../path-taken.ts'
import { encodeTarget } from './encode-path.ts'

/** The code that connecting fails with; undefined when a server accepts, or may. */
const probe = (path: string): string | undefined => {
  const handle = sockets.open('unix')
  try {
    handle.setNonblocking(true)
    sockets.connect(handle, encodeTarget({ scheme: 'unix', path }))
    return undefined
  } catch (error) {
    return codeOf(error) === 'EAGAIN' ? undefined : codeOf(error)
  } finally {
    handle.close()
  }
}

/** Milliseconds until the second probe: a full backlog refuses as well. */
const REFUSED_AGAIN_MS = 50

const probeTwice = async (path: string): Promise<string | undefined> => {
  const answer = probe(path)
  if (answer !== 'ECONNREFUSED') return answer
  await sleep(REFUSED_AGAIN_MS)
  return probe(path)
}

/** Only sockets are removed. An empty file may be one: connecting shows that. */
const requireSocket = (path: string): void => {
  const found = findFile(path)
  if (!found || mayBeSocket(found)) return
  const kind = { socket: 'a socket', directory: 'a directory', link: 'a link', file: 'a regular file' }[
    found.kind
  ]
  throw inUse(path, `the path names ${kind}, not a socket`, 'choose another path, or move it away')
}

/** Undefined when the path is taken. */
const tryBind = (path: string): SocketHandle | undefined => {
  const handle = sockets.open('unix')
  try {
    sockets.bind(handle, encodeTarget({ scheme: 'unix', path }))
    return handle
  } catch (error) {
    handle.close()
    if (codeOf(error) !== 'EADDRINUSE') throw error
    return undefined
  }
}

/** Throws unless the path has a file without a server that may be removed. */
const requireStale = async (path: string, options: ListenOptions): Promise<void> => {
  const answer = await probeTwice(path)
  if (answer === undefined) throw isShared(options) ? workerListens(path) : serverListens(path)
  // The file may have gone since the bind.
  if (!findFile(path)) return
  if (answer !== 'ECONNREFUSED') {
    throw inUse(path, `the path is taken, and connecting to it fails with ${answer}`, 'choose another path')
  }
  if (options.removeStale ?? true) return
  throw inUse(path, 'a socket file is left there, and nobody listens', 'remove it, or leave removeStale on')
}

/** Milliseconds: the clock of files may move as seldom as 64 times a second. */
const CLOCK_TICK_MS = 20

/** Removes the file of a predecessor. A live one keeps its connections. */
const removePredecessor = async (path: string, options: ListenOptions): Promise<void> => {
  requireSocket(path)
  // The time of writing distinguishes the file of a listener from that of its successor.
  if (options.takeOver) await sleep(CLOCK_TICK_MS)
  else await requireStale(path, options)
  throwIfAborted(options.signal)
  try {
    removeSocketFile(path)
  } catch (cause) {
    throw inUse(
      path,
      'there is a socket file that this user may not remove',
      'remove it, or choose a path in a directory of this user',
      cause,
    )
  }
}

/**
 * Binds and starts, after removing a predecessor where that is allowed. Always under the lock: a socket that is bound and
 * does not listen yet refuses clients as one that died does, so other processes would remove its file; and a client that
 * finds no file looks at the lock, which is released once a server listens.
 */
export const bindUnderLock = <T>(
  path: string,
  options: ListenOptions,
  start: (bound: SocketHandle) => T,
): Promise<T> =>
  withFileLock(path, options.signal, async () => {
    const bound = tryBind(path)
    if (bound) return start(bound)
    await removePredecessor(path, options)
    const again = tryBind(path)
    if (again) return start(again)
    throw inUse(path, 'another took the path meanwhile', 'are several servers being started there?')
  })

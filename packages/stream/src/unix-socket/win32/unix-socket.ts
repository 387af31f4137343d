/** AF_UNIX by Winsock. */
import type { Socket } from 'node:net'
import { isAbsolute, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  capabilities,
  findFile,
  mayBeSocket,
  removeSocketFile,
  SocketError,
  sockets,
  UNIX_PATH_MAX,
  UnixAddress,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { formatAddress, type UnixTarget } from '@uds/winsock-ffi/internal'
import { inUse, serverListens } from '../path-taken.ts'
import { checkListenOptions } from '../../options/check-options.ts'
import { throwIfAborted } from '../../errors/connection-error.ts'
import { ConnectionListener } from '../../listener/connection-listener.ts'
import type { ConnectOptions, Listener, ListenOptions } from '../../transport.ts'
import { connectSocket } from './connect-socket.ts'
import { listenSocket } from './listen-socket.ts'
import { isFileLocked, withFileLock } from '@uds/winsock-ffi/internal'
import { restrictFile } from './restrict-file.ts'

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

/** @throws SocketError `ENOTSUP` for an abstract name, `ENAMETOOLONG` for a path that does not fit. */
const encode = (target: UnixTarget): UnixAddress => {
  if ('abstract' in target) return UnixAddress.abstract(target.abstract)
  const { path } = target
  const near =
    isAbsolute(path) && Buffer.byteLength(path) >= UNIX_PATH_MAX ? relative(process.cwd(), path) : path
  return UnixAddress.path(Buffer.byteLength(near) < UNIX_PATH_MAX ? near : path)
}

/** Nobody listens there at the moment. Wine says "invalid argument" for a file that is not there. */
const MISSING = new Set(['ENOENT', 'EINVAL', 'ECONNREFUSED'])
const REPLACING_PAUSE_MS = 5
/** Longer than any replacing takes; a process that was stopped in the middle of it must not hold up others. */
const LONGEST_REPLACING_MS = 2000

/**
 * Windows has no rename of a socket file onto another, so a successor removes the file and binds its own, under a
 * lock. A client that finds nothing there looks at the lock, and tries again while it is held, and once after.
 */
export const connectUnix = async (to: UnixTarget, options: ConnectOptions): Promise<Socket> => {
  const address = encode(to)
  const end = performance.now() + Math.min(options.timeoutMs ?? Infinity, LONGEST_REPLACING_MS)
  for (let wasLocked = true; ;) {
    try {
      return await connectSocket(address, options)
    } catch (error) {
      if ('abstract' in to || !MISSING.has(codeOf(error) ?? '') || performance.now() > end) throw error
      const locked = isFileLocked(to.path)
      if (!locked && !wasLocked) throw error
      wasLocked = locked
      if (locked) await sleep(REPLACING_PAUSE_MS)
    }
  }
}

/** How a connect ends: undefined when somebody accepts or may, else the code. */
const probe = (path: string): string | undefined => {
  const handle = sockets.open('unix')
  try {
    handle.setNonblocking(true)
    sockets.connect(handle, encode({ scheme: 'unix', path }))
    return undefined
  } catch (error) {
    return codeOf(error) === 'EAGAIN' ? undefined : codeOf(error)
  } finally {
    handle.close()
  }
}

/** A full backlog refuses as well, so it is asked twice. */
const REFUSED_AGAIN_MS = 50

const probeTwice = async (path: string): Promise<string | undefined> => {
  const answer = probe(path)
  if (answer !== 'ECONNREFUSED') return answer
  await sleep(REFUSED_AGAIN_MS)
  return probe(path)
}

/** Only sockets are removed. An empty file may be one: connecting tells. */
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
    sockets.bind(handle, encode({ scheme: 'unix', path }))
    return handle
  } catch (error) {
    handle.close()
    if (codeOf(error) !== 'EADDRINUSE') throw error
    return undefined
  }
}

/** Fails unless nobody listens at a path that is taken, and what was left there may be removed. */
const requireStale = async (path: string, removeStale: boolean): Promise<void> => {
  const answer = await probeTwice(path)
  if (answer === undefined) {
    throw serverListens(path)
  }
  // Somebody may have gone since the bind.
  if (!findFile(path)) return
  if (answer !== 'ECONNREFUSED') {
    throw inUse(path, `the path is taken, and connecting to it gives ${answer}`, 'choose another path')
  }
  if (removeStale) return
  throw inUse(path, 'a socket file is left there, and nobody listens', 'remove it, or leave removeStale on')
}

/** The clock of files may move no more often than 64 times a second. */
const CLOCK_TICK_MS = 20

/**
 * Removes what is in the way of a bind, where that is allowed. The listener that loses its file goes on with the
 * connections that it has.
 */
const removePredecessor = async (path: string, options: ListenOptions): Promise<void> => {
  requireSocket(path)
  // The times of writing tell the file of a listener from that of its successor.
  if (options.takeOver) await sleep(CLOCK_TICK_MS)
  else await requireStale(path, options.removeStale ?? true)
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
 * Binds and starts; makes room first where that is allowed. Always under the lock: a socket that is bound and does not
 * listen yet refuses, as one that was left does, so that others would remove its file; and a client that finds nothing
 * looks at the lock, which is given up when there is a server that listens.
 */
const open = <T>(path: string, options: ListenOptions, start: (bound: SocketHandle) => T): Promise<T> =>
  withFileLock(path, options.signal, async () => {
    const bound = tryBind(path)
    if (bound) return start(bound)
    await removePredecessor(path, options)
    const again = tryBind(path)
    if (again) return start(again)
    throw inUse(path, 'another took the path meanwhile', 'are several servers being started there?')
  })

const refuseOwner = ({ uid, gid }: ListenOptions, address: string): void => {
  if (uid === undefined && gid === undefined) return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'listen',
    address,
    detail: 'Windows has no uid and gid to give a socket file',
    advice: 'mode sets who may connect: 0o600 for this user alone',
  })
}

export const listenUnix = async (at: UnixTarget, options: ListenOptions): Promise<Listener<Socket>> => {
  throwIfAborted(options.signal)
  const target: UnixTarget = 'abstract' in at ? at : { scheme: 'unix', path: resolve(at.path) }
  const text = formatAddress(target)
  checkListenOptions('listen', options)
  refuseOwner(options, text)
  const listener = new ConnectionListener<Socket>(options)
  encode(target)
  const path = 'path' in target ? target.path : ''
  // Found out before a file is made.
  if (capabilities().afUnix && !capabilities().adoption) {
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: 'listen',
      address: text,
      detail: 'this engine cannot take a socket of Winsock into its loop',
      advice: 'capabilities() tells why',
    })
  }
  return await open(path, options, (handle) => {
    let written: bigint | undefined
    const release = (): void => {
      const found = findFile(path)
      if (found && found.written === written) removeSocketFile(path)
    }
    try {
      written = findFile(path)?.written
      if (options.mode !== undefined) restrictFile(path, options.mode)
      return listenSocket(
        { handle, address: () => text, release: () => withFileLock(path, undefined, release) },
        options,
        listener,
      )
    } catch (error) {
      handle.close()
      release()
      throw error
    }
  })
}

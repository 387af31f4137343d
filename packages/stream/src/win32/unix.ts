/** AF_UNIX by Winsock. */
import type { Socket } from 'node:net'
import { isAbsolute, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  capabilities,
  removeSocketFile,
  SocketError,
  sockets,
  UNIX_PATH_MAX,
  UnixAddress,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { formatAddress } from '../address.ts'
import { checkListenOptions } from '../check-options.ts'
import { throwIfAborted } from '../connection-error.ts'
import { ConnectionListener } from '../listener.ts'
import type { UnixTarget } from '../own.ts'
import type { ConnectOptions, Listener, ListenOptions } from '../transport.ts'
import { connectSocket } from './connect-socket.ts'
import { findFile } from './found-file.ts'
import { listenSocket } from './listen-socket.ts'
import { isLocked, withLock } from './lock.ts'
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
      const locked = isLocked(to.path)
      if (!locked && !wasLocked) throw error
      wasLocked = locked
      if (locked) await sleep(REPLACING_PAUSE_MS)
    }
  }
}

const inUse = (path: string, detail: string, advice: string, cause?: unknown): SocketError =>
  new SocketError({ code: 'EADDRINUSE', syscall: 'listen', address: `unix:${path}`, detail, advice, cause })

/** How a connect ends: undefined when somebody accepts or may, else the code. */
const probe = (address: UnixAddress): string | undefined => {
  const handle = sockets.open('unix')
  try {
    handle.setNonblocking(true)
    sockets.connect(handle, address)
    return undefined
  } catch (error) {
    return codeOf(error) === 'EAGAIN' ? undefined : codeOf(error)
  } finally {
    handle.close()
  }
}

/** A full backlog refuses as well, so it is asked twice. */
const REFUSED_AGAIN_MS = 50

const isStale = async (address: UnixAddress): Promise<boolean> => {
  if (probe(address) !== 'ECONNREFUSED') return false
  await sleep(REFUSED_AGAIN_MS)
  return probe(address) === 'ECONNREFUSED'
}

/**
 * Only sockets are removed. Windows 10 1809 shows the file of a closed socket as an empty ordinary one
 * (https://github.com/golang/go/issues/33357), so an empty file may be a socket too: connecting tells.
 */
const requireSocket = (path: string): void => {
  const found = findFile(path)
  if (!found || found.kind === 'socket' || (found.kind === 'file' && found.size === 0)) return
  const kind = { directory: 'a directory', link: 'a link', file: 'a regular file' }[found.kind]
  throw inUse(path, `the path names ${kind}, not a socket`, 'choose another path, or move it away')
}

/** Binds and starts; makes room first where that is allowed. */
const open = async <T>(
  path: string,
  address: UnixAddress,
  options: ListenOptions,
  start: (bound: SocketHandle) => T,
): Promise<T> => {
  const tryBind = (): SocketHandle | undefined => {
    const handle = sockets.open('unix')
    try {
      sockets.bind(handle, address)
      return handle
    } catch (error) {
      handle.close()
      if (codeOf(error) !== 'EADDRINUSE') throw error
      return undefined
    }
  }
  const bound = tryBind()
  if (bound) return start(bound)
  return await withLock(path, options.signal, async () => {
    requireSocket(path)
    const stale = await isStale(address)
    if (stale && options.removeStale === false) {
      throw inUse(
        path,
        'a socket file is left there, and nobody listens',
        'remove it, or leave removeStale on',
      )
    }
    if (!stale && !options.takeOver) {
      // Somebody may have gone between the bind and the look.
      const late = findFile(path) ? undefined : tryBind()
      if (late) return start(late)
      throw inUse(
        path,
        'a server is listening there',
        'stop it, choose another path, or give takeOver to replace it',
      )
    }
    // The listener that loses its file goes on with the connections it has.
    removeSocketFile(path)
    const again = tryBind()
    if (!again)
      throw inUse(path, 'another took the path meanwhile', 'are several servers being started there?')
    // Before the lock is given up: a client that looks at it finds a server that listens.
    return start(again)
  })
}

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
  const address = encode(target)
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
  return await open(path, address, options, (handle) => {
    const written = findFile(path)?.written
    const release = (): void => {
      const found = findFile(path)
      if (found && found.written === written) removeSocketFile(path)
    }
    try {
      throwIfAborted(options.signal)
      if (options.mode !== undefined) restrictFile(path, options.mode)
      return listenSocket({ handle, address: () => text, release }, options, listener)
    } catch (error) {
      handle.close()
      release()
      throw error
    }
  })
}

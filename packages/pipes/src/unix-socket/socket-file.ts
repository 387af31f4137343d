/** Binding to a socket file: what is in the way, its mode, and its removal. */
import { chmodSync, lstatSync } from 'node:fs'
import {
  isSocketFile,
  removeSocketFile,
  sleep,
  SocketError,
  socketFileId,
  sockets,
  type UnixAddress,
  type SocketHandle,
  type SocketType,
} from '@uds/winsock-ffi'
import { withFileLock } from '../file-lock/file-lock.ts'
import { socketSystem as system } from './system/select.ts'
import { traced } from '../trace.ts'

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code

type Occupant = 'a server' | 'a dead socket' | 'something else'

/** Long enough for a busy server to accept somebody. */
const REFUSED_AGAIN_MS = 50

/** What a bind found in its way. A server that lives is never taken for dead. */
const occupantOf = (address: UnixAddress, type: SocketType): Occupant => {
  const first = probe(address, type)
  if (first !== 'a dead socket' || !system.refusesWhenFull) return first
  sleep(REFUSED_AGAIN_MS)
  return probe(address, type)
}

const probe = (address: UnixAddress, type: SocketType): Occupant => {
  const socket = traced('socket', 'unix', () => sockets.open('unix', system.probeType(type)))
  try {
    // Without waiting, where it does connect: a server that is busy is no stale one.
    traced('connect', address.toString(), () => sockets.connect(socket, address, { timeoutMs: 0 }))
    return 'a server'
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EPROTOTYPE' || code === 'EAGAIN' || code === 'ETIMEDOUT') return 'a server'
    // Linux refuses a connect to a regular file as well (connect(2)); only sockets may be removed.
    const dead = code === 'ECONNREFUSED' && isSocketFile(address.pathname ?? '')
    return dead ? 'a dead socket' : 'something else'
  } finally {
    socket.close()
  }
}

/** The system's error, or what the probe adds to it. */
const inUse = (error: SocketError, occupant: Occupant): SocketError => {
  if (occupant !== 'a server') return error
  const { code, syscall, nativeCode, address } = error
  return new SocketError({
    code,
    syscall,
    nativeCode,
    address,
    detail: 'a server listens there',
    advice: 'end it, or choose another address',
  })
}

const bindTo = (socket: SocketHandle, address: UnixAddress): void => {
  traced('bind', address.toString(), () => sockets.bind(socket, address))
}

export interface BindSettings {
  /** The permissions of the socket file, as 0o600; undefined leaves them to the umask. */
  readonly mode: number | undefined
  /** Remove a file that a dead server has left, instead of failing with EADDRINUSE. */
  readonly removeStale: boolean
}

/**
 * Binds, and gives what identifies the file, so that close does not remove another one's.
 *
 * @param listen - Makes the socket reachable; the mode is right by then.
 */
export const bindFile = (
  socket: SocketHandle,
  address: UnixAddress,
  settings: BindSettings,
  listen: () => void,
): string | undefined => {
  const path = address.pathname
  if (path === undefined) {
    bindTo(socket, address)
    listen()
    return undefined
  }
  return withFileLock(path, () => {
    if (settings.mode !== undefined) system.prepareMode(socket.fd, settings.mode)
    try {
      bindTo(socket, address)
    } catch (error) {
      if (!settings.removeStale || codeOf(error) !== 'EADDRINUSE') throw error
      const occupant = occupantOf(address, socket.type)
      if (occupant !== 'a dead socket') throw inUse(error as SocketError, occupant)
      traced('unlink', path, () => removeSocketFile(path))
      bindTo(socket, address)
    }
    try {
      if (settings.mode !== undefined) setMode(path, settings.mode)
      listen()
      return socketFileId(path)
    } catch (error) {
      removeSocketFile(path)
      throw error
    }
  })
}

/** The umask may have taken bits away, and macOS cannot set the mode before; nobody can connect before listen. */
const setMode = (path: string, mode: number): void => {
  if (!system.hasModes) return
  if ((lstatSync(path).mode & 0o777) !== mode) chmodSync(path, mode)
}

/** Removes the file of a socket that was closed, unless it is another one's by now. */
export const removeFile = (path: string, identity: string | undefined): void => {
  withFileLock(path, () => {
    if (identity !== undefined && socketFileId(path) === identity) removeSocketFile(path)
  })
}

/** Opens a socket and binds it; closes it when that fails. */
export const openBound = <T>(
  type: 'stream' | 'datagram',
  use: (socket: SocketHandle) => T,
): { fd: number; result: T } => {
  const socket = traced('socket', 'unix', () => sockets.open('unix', type))
  try {
    const result = use(socket)
    return { fd: socket.release(), result }
  } catch (error) {
    socket.close()
    throw error
  }
}

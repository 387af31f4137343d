/** Binding to a socket file: what is in the way, its mode, and its removal. */
import { chmodSync, lstatSync } from 'node:fs'
import {
  removeSocketFile,
  sleep,
  SocketError,
  sockets,
  type UnixAddress,
  type SocketHandle,
  type SocketType,
} from '@uds/winsock-ffi'
import { guarded, socketFiles, socketSystem as system } from '../select.ts'
import { traced } from '../trace.ts'

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code

/** Long enough for a busy server to accept somebody. */
const REFUSED_AGAIN_MS = 50

/** True when there is a socket file and nobody behind it. It is never true of a server that lives. */
const isStale = (address: UnixAddress, type: SocketType): boolean => {
  if (!refuses(address, type)) return false
  if (!system.refusesWhenFull) return true
  sleep(REFUSED_AGAIN_MS)
  return refuses(address, type)
}

const refuses = (address: UnixAddress, type: SocketType): boolean => {
  const probe = sockets.open('unix', system.probeType(type))
  try {
    // Without waiting, where it does connect: a server that is busy is no stale one.
    sockets.connect(probe, address, { timeoutMs: 0 })
    return false
  } catch (error) {
    if (codeOf(error) !== 'ECONNREFUSED') return false
    // Linux refuses a connect to a regular file as well (connect(2)); only sockets may be removed.
    return socketFiles.isSocket(address.pathname ?? '')
  } finally {
    probe.close()
  }
}

const bindTo = (socket: SocketHandle, address: UnixAddress): void => {
  traced('bind', address.toString(), () => {
    sockets.bind(socket, address)
    return 0
  })
}

export interface BindSettings {
  /** The permissions of the socket file, as 0o600; undefined leaves them to the umask. */
  readonly mode: number | undefined
  /** Remove a file that a dead server has left, instead of failing with EADDRINUSE. */
  readonly replaceStale: boolean
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
  return guarded(path, () => {
    if (settings.mode !== undefined) system.prepareMode(socket.fd, settings.mode)
    try {
      bindTo(socket, address)
    } catch (error) {
      if (!settings.replaceStale || codeOf(error) !== 'EADDRINUSE' || !isStale(address, socket.type))
        throw error
      traced('unlink', path, () => {
        removeSocketFile(path)
        return 0
      })
      bindTo(socket, address)
    }
    try {
      if (settings.mode !== undefined) setMode(path, settings.mode)
      listen()
      return socketFiles.identityOf(path)
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
  guarded(path, () => {
    if (identity !== undefined && socketFiles.identityOf(path) === identity) removeSocketFile(path)
  })
}

/** The error for an option that this system cannot honour. */
export const noModes = (): SocketError =>
  new SocketError({
    code: 'ENOTSUP',
    syscall: 'bind',
    detail: 'Windows gives socket files the access rights of their directory, not a mode',
    advice: 'put the socket into a directory that only the right users may enter',
  })

/** What a bind finds in its way: a server, the file that a dead one left, something else. */
import { lstatSync } from 'node:fs'
import {
  isSocketFile,
  sleep,
  SocketError,
  sockets,
  type SocketType,
  type UnixAddress,
} from '@uds/winsock-ffi'
import { traced } from '../trace.ts'
import { socketSystem as system } from './system/select.ts'

export type Occupant = 'a server' | 'a dead socket' | 'a socket of another user' | 'something else'

/** Milliseconds that are enough for a busy server to accept a client. */
const REFUSED_AGAIN_MS = 50

/** A server that lives is never taken for dead. */
export const occupantOf = (address: UnixAddress, path: string, type: SocketType): Occupant => {
  const first = probe(address, path, type)
  if (first !== 'a dead socket' || !system.refusesWhenFull) return first
  sleep(REFUSED_AGAIN_MS)
  return probe(address, path, type)
}

const probe = (address: UnixAddress, path: string, type: SocketType): Occupant => {
  const socket = traced('socket', 'unix', () => sockets.open('unix', system.probeType(type)))
  try {
    // Without waiting, where it does connect: a server that is busy is no stale one.
    traced('connect', address.toString(), () => sockets.connect(socket, address, { timeoutMs: 0 }))
    return 'a server'
  } catch (error) {
    const { code } = error as SocketError
    if (code === 'EPROTOTYPE' || code === 'EAGAIN' || code === 'ETIMEDOUT') return 'a server'
    if (!isSocketFile(path)) return 'something else'
    if (code === 'EACCES') return 'a socket of another user'
    // Linux refuses a connect to a regular file as well (connect(2)); only sockets may be removed.
    return code === 'ECONNREFUSED' ? 'a dead socket' : 'something else'
  } finally {
    socket.close()
  }
}

const ownerOf = (path: string): string => {
  try {
    return `uid ${lstatSync(path).uid}`
  } catch {
    return 'it is gone by now'
  }
}

/** The error of bind, with what the probe adds to it. */
export const inUse = (error: SocketError, occupant: Occupant, path: string): SocketError => {
  const { code, syscall, nativeCode, address } = error
  if (occupant === 'a server')
    return new SocketError({
      code,
      syscall,
      nativeCode,
      address,
      detail: 'a server listens there',
      advice: 'end it, or choose another address',
    })
  if (occupant === 'a socket of another user')
    return new SocketError({
      code,
      syscall,
      nativeCode,
      address,
      detail: `a socket file of another user (${ownerOf(path)}) is there, and this one may not ask whether a server listens`,
      advice: 'choose another address; that user or root can remove a file that is left',
    })
  return error
}

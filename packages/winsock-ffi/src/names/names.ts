/** Bare names: the same place for every program of one user, and for no other. */
import { parseAddress } from '../address-text/parse-address.ts'
import type { PipeAddress, UnixPathAddress } from '../address-text/types.ts'
import { SocketError } from '../errors/socket-error.ts'
import { system } from '../system.ts'
import type { NameResolver } from './name-resolver.ts'
import { names as posix } from './posix/name-address.ts'
import { names as win32 } from './win32.ts'

const resolver: NameResolver = system === 'win32' ? win32 : posix

const read = (address: UnixPathAddress | PipeAddress): UnixPathAddress | PipeAddress =>
  parseAddress(address) as UnixPathAddress | PipeAddress

/**
 * Where a server of the name listens: a socket in a directory of this user alone, which is made where it is missing, or a
 * pipe with the user's SID in its name.
 *
 * @throws SocketError `EACCES` when the directory, or what it is in, belongs to another user, or others may write there.
 */
export const serverAddressOfName = (name: string): UnixPathAddress | PipeAddress =>
  read(resolver.serverAddress(name))

/**
 * Where a client of the name connects to. It makes nothing.
 *
 * @throws SocketError `EACCES`, as for a server.
 */
export const clientAddressOfName = (name: string): UnixPathAddress | PipeAddress =>
  read(resolver.clientAddress(name))

/** Where names of this user are looked up, in words. */
export const describeNames = (): string => resolver.describe()

/** The error of a connect by name: no server there is explained by the places where names live. */
export const explainName = (error: unknown, name: string): unknown => {
  if (!(error instanceof SocketError)) return error
  const { code, syscall, address, nativeCode, detail } = error
  if (code !== 'ENOENT' && code !== 'ECONNREFUSED') return error
  return new SocketError({
    code,
    syscall,
    address,
    nativeCode,
    detail,
    advice: resolver.advice(name),
    cause: error,
  })
}

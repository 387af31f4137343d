/** What the socket calls accept, checked before any of them reaches the system. */
import { layout } from '../address/layout.ts'
import { InetAddress } from '../address/inet-address.ts'
import { UnixAddress } from '../address/unix-address.ts'
import { VsockAddress } from '../address/vsock-address.ts'
import { type SocketAddress } from '../address/socket-address.ts'
import { SocketError } from '../errors/socket-error.ts'
import { invalidArgument, invalidValue } from '../errors/wrong-argument.ts'
import type { SocketHandle } from '../handle/socket-handle.ts'
import type { ErrorSubject } from '../errors/call-failed.ts'

export const subjectOf = (address: SocketAddress): ErrorSubject => ({
  address: address.toString(),
  path: address instanceof UnixAddress ? address.pathname : undefined,
})

export const checkOneOf = <K extends string>(
  table: Readonly<Record<K, unknown>>,
  key: K,
  where: string,
  what: string,
): void => {
  if (!Object.hasOwn(table, key))
    throw invalidArgument(where, what, `one of ${Object.keys(table).join(', ')}`, key)
}

export const checkBytes = (value: Uint8Array, where: string, what: string): void => {
  if (!(value instanceof Uint8Array)) throw invalidArgument(where, what, 'a Buffer or Uint8Array', value)
}

/** Memory to read into. None would make "0 bytes read" mean the end of the stream when it is not. */
export const checkRoom = (value: Uint8Array, where: string): void => {
  checkBytes(value, where, 'the buffer')
  if (value.byteLength === 0) {
    throw invalidValue(where, 'the buffer', 'must have room for a byte at least (is it detached?)', value)
  }
}

export const checkAddress = (handle: SocketHandle, address: SocketAddress, where: string): void => {
  if (![UnixAddress, InetAddress, VsockAddress].some((each) => address instanceof each)) {
    throw invalidArgument(where, 'the address', 'a UnixAddress, an InetAddress or a VsockAddress', address)
  }
  if (address.family !== handle.family) {
    throw invalidValue(
      where,
      'the address',
      `must be of the socket's family, ${handle.family}`,
      address.toString(),
    )
  }
}

/** Most languages say no path without its NUL, so no client could connect. */
export const requireTerminated = (address: SocketAddress): void => {
  if (!(address instanceof UnixAddress) || address.kind !== 'path') return
  if (address.bytes.length < layout.UNIX_PATH_MAX) return
  throw new SocketError({
    code: 'ENAMETOOLONG',
    syscall: 'bind',
    address: address.toString(),
    detail: `the path has ${address.bytes.length} bytes, and sun_path holds ${layout.UNIX_PATH_MAX - 1} and a NUL`,
    advice: 'use a shorter directory, or a path relative to the working directory',
  })
}

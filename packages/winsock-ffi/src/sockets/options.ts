/** getOption, setOption: typed socket options by their C names. */
import { invalidArgument, outOfRange } from '../errors/wrong-argument.ts'
import { SocketError } from '../errors/socket-error.ts'
import { openFd, type SocketHandle } from '../handle/socket-handle.ts'
import type { OptionRow } from '../system-calls/system-calls.ts'
import { systemCalls } from '../system-calls/select.ts'

/** The socket options that mean the same everywhere, and the type of each. */
export interface SocketOptions {
  SO_REUSEADDR: boolean
  SO_KEEPALIVE: boolean
  SO_BROADCAST: boolean
  /** Bytes. Linux doubles what is set, for its own book-keeping (socket(7)). */
  SO_SNDBUF: number
  SO_RCVBUF: number
  /** Seconds that `close` waits for unsent bytes; null does not wait. */
  SO_LINGER: number | null
  TCP_NODELAY: boolean
  IPV6_V6ONLY: boolean
  /** Linux: receive the credentials of the sender with each message. */
  SO_PASSCRED: boolean
  /**
   * Linux 6.16: descriptors are welcome, which they are unless this is false. Then a peer that sends some gets `EPERM`; bytes
   * pass. What a listener has, its connections inherit.
   */
  SO_PASSRIGHTS: boolean
}

/** The options that can only be read. */
export interface ReadOnlySocketOptions {
  SO_TYPE: number
  SO_ACCEPTCONN: boolean
  /** The error that waits on the socket, which reading clears; null for none. */
  SO_ERROR: SocketError | null
}

type Values = SocketOptions & ReadOnlySocketOptions

const requireRow = (name: string, syscall: string): OptionRow => {
  const row = Object.hasOwn(systemCalls.options, name) ? systemCalls.options[name] : undefined
  if (row) return row
  throw new SocketError({
    code: 'ENOPROTOOPT',
    syscall,
    address: name,
    detail: 'this system has no such socket option',
    advice: `it has ${Object.keys(systemCalls.options).join(', ')}`,
  })
}

const integer = (value: unknown, name: string): number => {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0x7fff_ffff)
    return value as number
  throw outOfRange('setsockopt', name, 'an integer from 0 to 2147483647', value)
}

const encode = (row: OptionRow, name: string, value: unknown): Uint8Array => {
  if (row.kind === 'linger') return systemCalls.encodeLinger(value === null ? null : integer(value, name))
  if (row.kind === 'int') return new Uint8Array(Int32Array.of(integer(value, name)).buffer)
  if (typeof value !== 'boolean') throw invalidArgument('setsockopt', name, 'a boolean', value)
  return new Uint8Array(Int32Array.of(value ? 1 : 0).buffer)
}

const decode = (row: OptionRow, bytes: Uint8Array): unknown => {
  if (row.kind === 'linger') return systemCalls.decodeLinger(bytes)
  const value = new Int32Array(bytes.buffer)[0]!
  if (row.kind === 'boolean') return value !== 0
  if (row.kind === 'int') return value
  return value === 0 ? null : systemCalls.toError(value, 'SO_ERROR')
}

/**
 * Reads a socket option: getsockopt(2).
 *
 * @throws SocketError `ENOPROTOOPT` for an option that this system or this kind of socket does not have.
 */
export const getOption = <K extends keyof Values>(handle: SocketHandle, name: K): Values[K] => {
  const fd = openFd(handle, 'getsockopt')
  const row = requireRow(name, 'getsockopt')
  const bytes = new Uint8Array(row.kind === 'linger' ? systemCalls.lingerSize : 4)
  const result = systemCalls.getOption(fd, row.level, row.name, bytes)
  if (result < 0) throw systemCalls.toError(-result, 'getsockopt')
  return decode(row, bytes) as Values[K]
}

/**
 * Sets a socket option: setsockopt(2).
 *
 * ## Platform behaviour
 * AF_UNIX on Windows refuses SO_REUSEADDR (`ENOTSUP`) and SO_KEEPALIVE (`ENOPROTOOPT`).
 *
 * @throws TypeError, RangeError for a value of the wrong kind; SocketError `ENOPROTOOPT`, `ENOTSUP`.
 */
export const setOption = <K extends keyof SocketOptions>(
  handle: SocketHandle,
  name: K,
  value: SocketOptions[K],
): void => {
  const fd = openFd(handle, 'setsockopt')
  const row = requireRow(name, 'setsockopt')
  if (row.readOnly) throw invalidArgument('setsockopt', 'the option', 'one that can be set', name)
  const result = systemCalls.setOption(fd, row.level, row.name, encode(row, name, value))
  if (result < 0) throw systemCalls.toError(-result, 'setsockopt')
}

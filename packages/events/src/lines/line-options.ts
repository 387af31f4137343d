/** The defaults and the checks of the options of LineServer and LineClient. */
import { invalidArgument, outOfRange } from '@uds/winsock-ffi'
import { parseAddress } from '@uds/stream'
import type { Address } from '@uds/stream'

/** Where a line server listens by default: the path of py-unix-socket. */
export const DEFAULT_PATH = '/tmp/unix_socket.sock'

/** What a line server sends after a line was handled, by default. */
export const DEFAULT_ACK = '__ACK__\n'

/** The longest line that is read by default, in bytes. */
export const DEFAULT_MAX_LINE_BYTES: number = 1024 * 1024

/** How many bytes may wait for a peer that does not read, by default. */
export const DEFAULT_MAX_QUEUE_BYTES: number = 16 * 1024 * 1024

/** A path, relative ones too, or an address of `@uds/stream`. */
export const readAddress = (where: string, path: string): Address =>
  parseAddress(path, { where, bareWord: 'path' })

/** An option that counts bytes. */
export const byteLimit = (
  where: string,
  name: string,
  value: number | undefined,
  otherwise: number,
): number => {
  if (value === undefined) return otherwise
  if (typeof value !== 'number') throw invalidArgument(where, name, 'a number of bytes', value)
  if (Number.isNaN(value) || value < 1) throw outOfRange(where, name, 'a number of bytes, 1 or more', value)
  return value
}

/** An option of one type. */
export const option = <T>(
  where: string,
  name: string,
  type: string,
  value: T | undefined,
  otherwise: T,
): T => {
  if (value === undefined) return otherwise
  // `typeof` compared with a variable cannot be checked by the compiler; the callers name the types.
  if (typeof value !== type) throw invalidArgument(where, name, `a ${type}`, value)
  return value
}

/** The bytes of a line, with its end. */
export const lineBytes = (where: string, line: unknown): string => {
  if (typeof line !== 'string') throw invalidArgument(where, 'the line', 'a string', line)
  if (/[\n\r]/.test(line)) {
    const error = new TypeError(`${where}: the line must not hold the end of a line (\\n or \\r)`)
    throw Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
  }
  return `${line}\n`
}

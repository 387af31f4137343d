/** The defaults and the checks of the options of LineServer and LineClient. */
import { invalidArgument } from '@uds/winsock-ffi'
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

/** The bytes of a line, with its end. */
export const lineBytes = (where: string, line: unknown): string => {
  if (typeof line !== 'string') throw invalidArgument(where, 'the line', 'a string', line)
  if (/[\n\r]/.test(line)) {
    const error = new TypeError(`${where}: the line must not hold the end of a line (\\n or \\r)`)
    throw Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
  }
  return `${line}\n`
}

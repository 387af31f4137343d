/** Options of connect and listen, checked before any system call. */
import { invalidArgument, invalidValue, outOfRange } from '@uds/winsock-ffi'
import { boolean, checkSignal, INT_MAX, integer } from '@uds/winsock-ffi/internal'
import type { ConnectOptions, ListenOptions, Transport } from '../transport.ts'

/** @throws TypeError `ERR_INVALID_ARG_TYPE`. */
export const requireObject = (where: string, options: unknown): void => {
  if (typeof options !== 'object' || options === null)
    throw invalidArgument(where, 'the options', 'an object', options)
}

const checkBooleans = <T extends object>(
  where: string,
  options: T,
  names: readonly (keyof T & string)[],
): void => {
  for (const name of names) if (options[name] !== undefined) boolean(where, name, options[name] as boolean)
}

const checkInteger = (
  where: string,
  what: string,
  value: number | undefined,
  from: number,
  to: number,
): void => {
  if (value !== undefined) integer(where, what, value, from, to)
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`. */
export const checkConnectOptions = (where: string, options: ConnectOptions): void => {
  requireObject(where, options)
  checkSignal(where, options.signal)
  checkBooleans(where, options, ['allowHalfOpen', 'noDelay', 'halfClose'])
  const onread: unknown = options.onread
  if (onread === undefined) return
  const { buffer, callback } = (onread ?? {}) as { buffer?: unknown; callback?: unknown }
  if (typeof callback !== 'function' || !(buffer instanceof Uint8Array || typeof buffer === 'function'))
    throw invalidArgument(where, 'onread', '{ buffer, callback }, as net.Socket has it', onread)
}

const BOOLEANS = ['allowHalfOpen', 'noDelay', 'halfClose', 'takeOver', 'removeStale', 'exclusive'] as const

/** uid_t and gid_t have 32 bits, and the last number means "leave it" (chown(2)). */
const LAST_ID = 0xffff_fffe

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`. */
export const checkListenOptions = (where: string, options: ListenOptions): void => {
  requireObject(where, options)
  checkSignal(where, options.signal)
  checkBooleans(where, options, BOOLEANS)
  checkInteger(where, 'backlog', options.backlog, 1, INT_MAX)
  checkInteger(where, 'uid', options.uid, 0, LAST_ID)
  checkInteger(where, 'gid', options.gid, 0, LAST_ID)
  const { mode } = options
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o777))
    throw outOfRange(where, 'mode', 'permissions from 0 to 0o777, written in octal, as 0o600', mode)
}

/** A caller who sets a mode where there is no file would believe that it keeps others out. */
export const refuseFileOptions = (options: ListenOptions, where: string, address: string): void => {
  const { mode, uid, gid, takeOver } = options
  if ((mode ?? uid ?? gid ?? (takeOver || undefined)) === undefined) return
  throw invalidValue(
    where,
    'the address',
    'has no file, so mode, uid, gid and takeOver mean nothing',
    address,
  )
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE` for what is no transport. */
export const requireTransport = (where: string, transport: unknown): void => {
  const { connect, listen } = (transport ?? {}) as Partial<Transport>
  if (typeof connect === 'function' && typeof listen === 'function') return
  throw invalidArgument(where, 'the transport', 'an object with connect and listen', transport)
}

/** listen: from an address to a listener. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import type { Address, SocketAddressObject, SocketAddressText } from '@uds/winsock-ffi/internal'
import { checkListenOptions } from './options/check-options.ts'
import { LISTEN_OPTIONS, refuseMisspelt } from './options/misspelt.ts'
import { denied } from './errors/permission.ts'
import { traceError, traceListen } from './observing/diagnostics.ts'
import { route } from './transports/route.ts'
import type { Listener, ListenOptions, Transport } from './transport.ts'

export interface ListenDoorOptions extends ListenOptions {
  /** The way to listen. @default the transport of the address's scheme */
  readonly transport?: Transport | undefined
}

/** The options of {@link listen}. */
const DOOR_OPTIONS: readonly string[] = [
  ...LISTEN_OPTIONS,
  ...optionNames<Omit<ListenDoorOptions, keyof ListenOptions>>({ transport: true }),
]

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`. */
export const checkListenDoorOptions = (options: ListenDoorOptions, where: string): void => {
  checkListenOptions(where, options)
  // A caller's transport may read more options.
  if (options.transport === undefined) checkOptions(options, where, DOOR_OPTIONS)
  else refuseMisspelt(options, where, DOOR_OPTIONS)
}

/**
 * Listens.
 *
 * @param address - As for {@link connect}; `tcp:host:0` chooses a port, which `listener.address` contains.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_AMBIGUOUS_ADDRESS`; RangeError
 *   `ERR_OUT_OF_RANGE`, before any system call.
 * @throws SocketError `EADDRINUSE` (another server listens there, or the file there is no socket), `EACCES`, `ENOENT` (no such
 *   directory), `ENAMETOOLONG`, `ENOTSUP`; the signal's reason.
 */
export function listen(
  address: SocketAddressText | SocketAddressObject,
  options?: ListenDoorOptions & { readonly transport?: undefined },
): Promise<Listener<Socket>>
export function listen<C extends Duplex>(
  address: string | Address,
  options: ListenDoorOptions & { readonly transport: Transport<C> },
): Promise<Listener<C>>
export function listen(address: string | Address, options?: ListenDoorOptions): Promise<Listener>
export async function listen(address: string | Address, options: ListenDoorOptions = {}): Promise<Listener> {
  checkListenDoorOptions(options, 'listen')
  const { transport, ...rest } = options
  const at = route(address, transport, 'listen')
  try {
    const listener = await at.transport.listen(at.address, rest)
    traceListen(listener)
    return listener
  } catch (cause) {
    const error = denied(cause, 'listen', at.text) ?? cause
    traceError('listen', at.text, error as Error)
    throw error
  }
}

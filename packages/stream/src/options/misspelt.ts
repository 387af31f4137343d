/** CONNECT_OPTIONS, LISTEN_OPTIONS, refuseMisspelt: options for transports, which may read more than this package knows. */
import { invalidValue, optionNames } from '@uds/winsock-ffi'
import { nearestName } from '@uds/winsock-ffi/internal'
import type { ConnectOptions, ListenOptions } from '../transport.ts'

/** The options of each transport's `connect`. */
export const CONNECT_OPTIONS: readonly string[] = optionNames<ConnectOptions>({
  signal: true,
  timeoutMs: true,
  allowHalfOpen: true,
  onread: true,
  noDelay: true,
  halfClose: true,
  security: true,
})

/** The options of each transport's `listen`. */
export const LISTEN_OPTIONS: readonly string[] = optionNames<ListenOptions>({
  signal: true,
  backlog: true,
  mode: true,
  uid: true,
  gid: true,
  takeOver: true,
  removeStale: true,
  exclusive: true,
  authorize: true,
  authorizeTimeoutMs: true,
  maxAuthorizing: true,
  maxConnections: true,
  maxQueued: true,
  allowHalfOpen: true,
  noDelay: true,
  halfClose: true,
  security: true,
})

/**
 * Refuses an unknown name that looks like a known one: `autorize` would let every peer in.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE`.
 */
export const refuseMisspelt = (options: object, where: string, known: readonly string[]): void => {
  for (const [name, value] of Object.entries(options)) {
    if (known.includes(name)) continue
    const nearest = nearestName(name, known, 1)
    if (nearest === undefined) continue
    throw invalidValue(where, `the option ${name}`, `does not exist; did you mean ${nearest}?`, value)
  }
}

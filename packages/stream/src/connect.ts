/** connect: from an address to a connection, with retries. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import { Backoff, CONNECT_PAUSES, mayConnectLater, milliseconds } from '@uds/winsock-ffi/internal'
import type { Address, SocketAddressObject, SocketAddressText } from '@uds/winsock-ffi/internal'
import { checkConnectOptions } from './options/check-options.ts'
import { CONNECT_OPTIONS, refuseMisspelt } from './options/misspelt.ts'
import { denied } from './errors/permission.ts'
import { throwIfAborted } from './errors/connection-error.ts'
import { countConnected, countFailed } from './observing/counters.ts'
import { traceConnect, traceError } from './observing/diagnostics.ts'
import { route } from './transports/route.ts'
import type { ConnectOptions, Transport } from './transport.ts'

export interface ConnectDoorOptions extends ConnectOptions {
  /**
   * How long to try again, in milliseconds from the call, while no server listens at the address, its backlog is full, an
   * attempt takes longer than `timeoutMs`, or no descriptor is free: for programs that start in either order. It is a
   * duration, not a point in time.
   * @default 0
   */
  readonly retryUntilMs?: number | undefined
  /** The way to connect. @default the transport of the address's scheme */
  readonly transport?: Transport | undefined
}

/** The options of {@link connect}. */
const DOOR_OPTIONS: readonly string[] = [
  ...CONNECT_OPTIONS,
  ...optionNames<Omit<ConnectDoorOptions, keyof ConnectOptions>>({ retryUntilMs: true, transport: true }),
]

/**
 * Checks the options of {@link connect}.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export const checkConnectDoorOptions = (options: ConnectDoorOptions, where: string): void => {
  checkConnectOptions(where, options)
  // A caller's transport may read more options.
  if (options.transport === undefined) checkOptions(options, where, DOOR_OPTIONS)
  else refuseMisspelt(options, where, DOOR_OPTIONS)
}

const withRetries = async (
  attempt: () => Promise<Duplex>,
  untilMs: number,
  signal: AbortSignal | undefined,
): Promise<Duplex> => {
  const end = performance.now() + untilMs
  const backoff = new Backoff(CONNECT_PAUSES)
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const left = end - performance.now()
      if (left <= 0 || !mayConnectLater(error)) throw error
      // An aborted wait rejects with an AbortError of Node's; the promise is the signal's reason.
      await sleep(Math.min(backoff.next(), left), undefined, signal && { signal }).catch(() => {})
      throwIfAborted(signal)
    }
  }
}

/**
 * Connects.
 *
 * @param address - `unix:/run/app.sock`, `name:chat`, `pipe:name`, `tcp:host:port`, `memory:name`, `fd:N`, a path, or an object.
 * @returns A `net.Socket` for AF_UNIX and TCP, on every system; a Duplex otherwise. An error without a listener
 *   does not end the process: it closes the connection.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_AMBIGUOUS_ADDRESS`; RangeError
 *   `ERR_OUT_OF_RANGE`, before any system call.
 * @throws SocketError `ECONNREFUSED`, `ENOENT`, `EACCES`, `EAGAIN` (full backlog), `ETIMEDOUT`, `ENAMETOOLONG`, `ENOTSUP`;
 *   the signal's reason.
 */
export function connect(
  address: SocketAddressText | SocketAddressObject,
  options?: ConnectDoorOptions & { readonly transport?: undefined },
): Promise<Socket>
export function connect<C extends Duplex>(
  address: string | Address,
  options: ConnectDoorOptions & { readonly transport: Transport<C> },
): Promise<C>
export function connect(address: string | Address, options?: ConnectDoorOptions): Promise<Duplex>
export async function connect(address: string | Address, options: ConnectDoorOptions = {}): Promise<Duplex> {
  checkConnectDoorOptions(options, 'connect')
  const { retryUntilMs, transport, ...rest } = options
  const untilMs = milliseconds('connect', 'retryUntilMs', retryUntilMs, 0)
  const timeoutMs = milliseconds('connect', 'timeoutMs', rest.timeoutMs, Infinity)
  const settings = rest.timeoutMs === undefined ? rest : { ...rest, timeoutMs }
  const to = route(address, transport, 'connect')
  const attempt = (): Promise<Duplex> => to.transport.connect(to.address, settings)
  try {
    const connection = untilMs > 0 ? await withRetries(attempt, untilMs, rest.signal) : await attempt()
    countConnected(connection)
    traceConnect(to.text, connection)
    return connection
  } catch (cause) {
    const error = denied(cause, 'connect', to.text) ?? cause
    countFailed()
    traceError('connect', to.text, error as Error)
    throw error
  }
}

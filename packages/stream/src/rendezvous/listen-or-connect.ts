/** listenOrConnect: one server for an address, and everybody else its client. */
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkOptions, optionNames } from '@uds/winsock-ffi'
import { Backoff, CONNECT_PAUSES, mayConnectLater, checkSignal } from '@uds/winsock-ffi/internal'
import type { Address, SocketAddressObject, SocketAddressText } from '@uds/winsock-ffi/internal'
import { checkConnectDoorOptions, connect, type ConnectDoorOptions } from '../connect.ts'
import { throwIfAborted } from '../errors/connection-error.ts'
import { checkListenDoorOptions, listen, type ListenDoorOptions } from '../listen.ts'
import type { Listener } from '../transport.ts'

export interface ListenOrConnectOptions {
  /**
   * Options of `listen`, for the process that becomes the server. Two are left out: `takeOver` would end the server, and
   * `exclusive` is set, as one worker of a cluster is the server.
   */
  readonly listen?: Omit<ListenDoorOptions, 'signal' | 'takeOver' | 'exclusive'> | undefined
  /** Options of `connect`, for a process that becomes a client. */
  readonly connect?: Omit<ConnectDoorOptions, 'signal' | 'retryUntilMs'> | undefined
  /** Ends the attempt; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** What this process has become. */
export type ListenOrConnectResult<C extends Duplex = Duplex> =
  | { readonly role: 'server'; readonly listener: Listener<C> }
  | { readonly role: 'client'; readonly connection: C }

const OPTIONS = optionNames<ListenOrConnectOptions>({ listen: true, connect: true, signal: true })

/**
 * How long an address may be neither connected to nor listened at, in milliseconds. Between the end of one server and the
 * beginning of the next that is a moment; a file that this user cannot remove stays for ever.
 */
const UNDECIDED_MS = 2000

/**
 * Becomes the server of an address, or the client of the process that is. However many processes call this at once, one
 * of them becomes the server. When the server ends, its clients' connections close: each calls this again, and one of
 * them is the next server.
 *
 * @example
 * ```ts
 * const found = await listenOrConnect('name:app')
 * if (found.role === 'server') serve(found.listener)
 * else found.connection.write('show the window\n')
 * ```
 *
 * @param address - As for `connect`; `fd:N` has no server to become.
 * @throws What `listen` throws, when this process can be neither: `EACCES`, `ENOENT` for a missing directory, `EADDRINUSE`
 *   when 2 seconds have passed in which the address was taken and did not answer. What `connect` throws for a server that
 *   refuses this process. The signal's reason.
 */
export function listenOrConnect(
  address: SocketAddressText | SocketAddressObject,
  options?: ListenOrConnectOptions,
): Promise<ListenOrConnectResult<Socket>>
export function listenOrConnect(
  address: string | Address,
  options?: ListenOrConnectOptions,
): Promise<ListenOrConnectResult>
export async function listenOrConnect(
  address: string | Address,
  options: ListenOrConnectOptions = {},
): Promise<ListenOrConnectResult> {
  checkOptions(options, 'listenOrConnect', OPTIONS)
  const { signal } = options
  checkSignal('listenOrConnect', signal)
  // Both, whatever this process becomes: `autorize` would be found out by the first server only.
  checkListenDoorOptions(options.listen ?? {}, 'listen')
  checkConnectDoorOptions(options.connect ?? {}, 'connect')
  const backoff = new Backoff(CONNECT_PAUSES)
  const end = performance.now() + UNDECIDED_MS
  for (;;) {
    try {
      const connection = await connect(address, { ...options.connect, signal })
      return { role: 'client', connection }
    } catch (error) {
      throwIfAborted(signal)
      if (!mayConnectLater(error)) throw error
    }
    try {
      const listener = await listen(address, { ...options.listen, exclusive: true, signal })
      return { role: 'server', listener }
    } catch (error) {
      throwIfAborted(signal)
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || performance.now() >= end) throw error
    }
    // An aborted wait rejects with an AbortError of Node's; the promise is the signal's reason.
    await sleep(backoff.next(), undefined, signal && { signal }).catch(() => {})
    throwIfAborted(signal)
  }
}

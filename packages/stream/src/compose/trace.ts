/** withTrace: calls back for each connection, each piece of bytes, each error. */
import type { Duplex } from 'node:stream'
import { invalidArgument } from '@uds/winsock-ffi'
import type { Address } from '@uds/winsock-ffi/internal'
import type { Transport } from '../transport.ts'
import { tap } from './tap.ts'
import { requireTransport } from '../options/check-options.ts'

export interface TraceEvent {
  readonly event: 'connect' | 'listen' | 'accept' | 'received' | 'sent' | 'end' | 'close' | 'error'
  /** The number of the connection, from 1; 0 for an event of the transport itself. */
  readonly connection: number
  /** Milliseconds since the transport was made. */
  readonly atMs: number
  readonly address?: string | Address | undefined
  /** The memory of the stream itself: copy it to keep it. */
  readonly bytes?: Uint8Array | undefined
  readonly error?: unknown
}

/**
 * The transport, with a call of `log` for each event and for all bytes. Connections stay the same objects. A trace below
 * TLS does not see the bytes, so trace above it: `withTrace(withTls(unix, tls), log)`.
 */
export const withTrace = <C extends Duplex>(
  transport: Transport<C>,
  log: (event: TraceEvent) => void,
): Transport<C> => {
  requireTransport('withTrace', transport)
  if (typeof log !== 'function') throw invalidArgument('withTrace', 'log', 'a function', log)
  const began = performance.now()
  let count = 0
  const report = (event: TraceEvent['event'], connection: number, more: Partial<TraceEvent> = {}): void =>
    log({ event, connection, atMs: performance.now() - began, ...more })
  const follow = (connection: C, event: 'connect' | 'accept', address: string | Address): C => {
    count += 1
    const id = count
    report(event, id, { address })
    tap(connection, {
      received: (bytes) => report('received', id, { bytes }),
      sent: (bytes) => report('sent', id, { bytes }),
    })
    connection.once('end', () => report('end', id))
    connection.on('error', (error: unknown) => report('error', id, { error }))
    connection.once('close', () => report('close', id))
    return connection
  }
  return {
    name: `trace(${transport.name})`,
    capabilities: transport.capabilities,
    connect: async (address, options) => {
      try {
        return follow(await transport.connect(address, options), 'connect', address)
      } catch (error) {
        report('error', 0, { address, error })
        throw error
      }
    },
    listen: async (address, options) => {
      const listener = await transport.listen(address, options)
      report('listen', 0, { address: listener.address })
      // Before the other listeners, so that the trace has what they do with the connection.
      const { emit } = listener
      listener.emit = ((name: string, ...args: unknown[]) => {
        if (name === 'connection') follow(args[0] as C, 'accept', listener.address)
        return Reflect.apply(emit, listener, [name, ...args]) as boolean
      }) as typeof emit
      return listener
    },
  }
}

/** Telling what a transport does. */
import type { Duplex } from 'node:stream'
import type { Address } from '../address/address.ts'
import type { Transport } from '../transport.ts'
import { tap } from './tap.ts'
import { requireTransport } from '../options/check-options.ts'

export interface TraceEvent {
  readonly event: 'connect' | 'listen' | 'accept' | 'received' | 'sent' | 'end' | 'close' | 'error'
  /** Counts the connections of this transport; 0 for what belongs to none. */
  readonly connection: number
  /** Milliseconds since the transport was made. */
  readonly atMs: number
  readonly address?: string | Address | undefined
  /** The very memory of the stream: copy it if it is to be kept. */
  readonly bytes?: Uint8Array | undefined
  readonly error?: unknown
}

/**
 * The transport, telling `log` what happens and what bytes go by. Connections stay what they are; bytes of TLS put over
 * such a connection are not seen, so trace above: `withTrace(withTls(unix, tls), log)`.
 */
export const withTrace = <C extends Duplex>(
  transport: Transport<C>,
  log: (event: TraceEvent) => void,
): Transport<C> => {
  requireTransport('withTrace', transport)
  const began = performance.now()
  let count = 0
  const tell = (event: TraceEvent['event'], connection: number, more: Partial<TraceEvent> = {}): void =>
    log({ event, connection, atMs: performance.now() - began, ...more })
  const follow = (connection: C, event: 'connect' | 'accept', address: string | Address): C => {
    count += 1
    const id = count
    tell(event, id, { address })
    tap(connection, {
      received: (bytes) => tell('received', id, { bytes }),
      sent: (bytes) => tell('sent', id, { bytes }),
    })
    connection.once('end', () => tell('end', id))
    connection.on('error', (error: unknown) => tell('error', id, { error }))
    connection.once('close', () => tell('close', id))
    return connection
  }
  return {
    name: `trace(${transport.name})`,
    capabilities: transport.capabilities,
    connect: async (address, options) => {
      try {
        return follow(await transport.connect(address, options), 'connect', address)
      } catch (error) {
        tell('error', 0, { address, error })
        throw error
      }
    },
    listen: async (address, options) => {
      const listener = await transport.listen(address, options)
      tell('listen', 0, { address: listener.address })
      // Before anybody else's, so that what the others do with the connection is seen.
      const { emit } = listener
      listener.emit = ((name: string, ...args: unknown[]) => {
        if (name === 'connection') follow(args[0] as C, 'accept', listener.address)
        return Reflect.apply(emit, listener, [name, ...args]) as boolean
      }) as typeof emit
      return listener
    },
  }
}

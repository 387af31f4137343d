/** wrapListener: a listener over another one, which transforms each connection. */
import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { ConnectionListener } from '../listener/connection-listener.ts'
import type { Listener, ListenOptions } from '../transport.ts'

/**
 * @param make - Returns the connection to emit, or undefined to emit none. Its rejection becomes `connectionError`, and
 *   the connection below is destroyed.
 */
export const wrapListener = (
  inner: Listener,
  options: ListenOptions,
  make: (connection: Duplex) => Promise<Duplex | undefined> | Duplex | undefined,
): Listener => {
  // The inner listener authorizes, before a byte is read.
  const { authorize: _innerDecides, ...rest } = options
  const outer = new ConnectionListener(rest)
  /** Connections whose errors the outer listener reports itself. */
  const reported = new WeakSet<Duplex>()
  const take = async (connection: Duplex): Promise<void> => {
    try {
      const made = await make(connection)
      if (!made) return
      reported.add(connection)
      outer.accept(made)
    } catch (error) {
      reported.add(connection)
      connection.destroy()
      outer.failed(error as Error, connection)
    }
  }
  inner.on('connection', (connection) => void take(connection))
  inner.on('connectionError', (error, connection) => {
    if (!connection || !reported.has(connection)) outer.failed(error, connection)
  })
  inner.on('drop', (reason) => outer.emit('drop', reason))
  let forwardsUnlinked = false
  ;(outer as EventEmitter).on('newListener', (event: unknown) => {
    if (event !== 'unlinked' || forwardsUnlinked) return
    forwardsUnlinked = true
    inner.on('unlinked', (cause) => outer.emit('unlinked', cause))
  })
  return outer.begin({
    address: () => inner.address,
    stop: async () => {
      // Each inner connection ends with the one over it.
      const stopped = new Promise<void>((resolve) => inner.once('stopped', resolve))
      await Promise.race([stopped, inner.close({ graceMs: Infinity }).catch(() => {})])
    },
    // An inner connection without one over it, as in a handshake, ends now.
    finish: () => inner.close({ graceMs: 0 }),
    relink: () => inner.relink(),
    ref: () => inner.ref(),
    unref: () => inner.unref(),
  })
}

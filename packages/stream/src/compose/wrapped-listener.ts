/** A listener over another one, whose connections are made into something else before they are handed out. */
import type { Duplex } from 'node:stream'
import { ConnectionListener } from '../listener/connection-listener.ts'
import type { Listener, ListenOptions } from '../transport.ts'

/**
 * @param make - Gives the connection to hand out, or undefined for one that is not to be. Its rejection is
 *   `connectionError`, and the connection below is destroyed.
 */
export const wrapListener = (
  inner: Listener,
  options: ListenOptions,
  make: (connection: Duplex) => Promise<Duplex | undefined> | Duplex | undefined,
): Listener => {
  // Who may stay is decided below, before a byte is read.
  const { authorize: _decidedBelow, ...rest } = options
  const outer = new ConnectionListener(rest)
  /** What the outer listener tells of by itself. */
  const taken = new WeakSet<Duplex>()
  const take = async (connection: Duplex): Promise<void> => {
    try {
      const made = await make(connection)
      if (!made) return
      taken.add(connection)
      outer.accept(made)
    } catch (error) {
      taken.add(connection)
      connection.destroy()
      outer.failed(error as Error, connection)
    }
  }
  inner.on('connection', (connection) => void take(connection))
  inner.on('connectionError', (error, connection) => {
    if (!connection || !taken.has(connection)) outer.failed(error, connection)
  })
  inner.on('drop', (reason) => outer.emit('drop', reason))
  return outer.begin({
    address: () => inner.address,
    stop: async () => {
      // Stops accepting at once; the connections below end with those above.
      void inner.close({ graceMs: Infinity })
    },
    ref: () => inner.ref(),
    unref: () => inner.unref(),
  })
}

/** A transport made of another one: both ends know a token, and a client that does not send it first is turned away. */
// #region transport
import { timingSafeEqual } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { ConnectionListener, type Transport } from '@uds/stream'
// #endregion

// #region take
/** How long a client may take for its token, in milliseconds. */
const PATIENCE_MS = 5000

/** Takes so many bytes off the beginning of the stream; the rest stays for its reader. */
const take = (connection: Duplex, length: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(late)
      connection.off('readable', look).off('close', gone)
    }
    const look = (): void => {
      const bytes = connection.read(length) as Buffer | null
      if (!bytes) return
      done()
      resolve(bytes)
    }
    const gone = (): void => {
      done()
      reject(new Error('the client went before it had sent its token'))
    }
    const late = setTimeout(() => {
      done()
      reject(new Error(`the client sent no token within ${PATIENCE_MS} ms`))
    }, PATIENCE_MS)
    connection.on('readable', look).once('close', gone)
    look()
  })
// #endregion

// #region transport
export const withToken = (inner: Transport, token: Uint8Array): Transport => {
  if (token.length === 0) throw new RangeError('withToken: the token must not be empty')
  return {
    name: `token(${inner.name})`,
    // A token that is wrong is found out after `connect`; all else is as below.
    capabilities: inner.capabilities,

    connect: async (address, options) => {
      const connection = await inner.connect(address, options)
      connection.write(token)
      return connection
    },

    listen: async (address, options = {}) => {
      // The limits are for those who have shown the token, and who may stay is decided below, before a byte is read.
      const { authorize, maxConnections, maxQueued, ...rest } = options
      const outer = new ConnectionListener({ maxConnections, maxQueued })
      const below = await inner.listen(address, { ...rest, authorize })
      const seen = new WeakSet<Duplex>()
      const admit = async (connection: Duplex): Promise<void> => {
        seen.add(connection)
        try {
          const shown = await take(connection, token.length)
          if (!timingSafeEqual(shown, token)) throw new Error('the token is wrong')
          outer.accept(connection)
        } catch (error) {
          connection.destroy()
          outer.failed(error as Error, connection)
        }
      }
      below.on('connection', (connection) => void admit(connection))
      // What happens to a connection that came so far is reported above, once.
      below.on('connectionError', (error, connection) => {
        if (!connection || !seen.has(connection)) outer.failed(error, connection)
      })
      below.on('drop', (reason) => outer.emit('drop', reason))
      return outer.begin({
        address: () => below.address,
        // Stops at once; the connections are those of the outer listener, which ends them.
        stop: async () => void below.close({ graceMs: Infinity }),
        ref: () => below.ref(),
        unref: () => below.unref(),
      })
    },
  }
}
// #endregion

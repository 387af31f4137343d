/** A server and a client that meet. */
import { buffer } from 'node:stream/consumers'
import type { Duplex } from 'node:stream'
import { connect, listen, type Listener } from '@uds/stream'

const MESSAGE = 'are you there?'

/**
 * Listens, connects, sends, and reads the answer to its end.
 *
 * @param look - Called with the connection of the server.
 * @returns The address of the listener.
 */
export const echoAt = async (
  address: string,
  look: (connection: Duplex) => void = () => {},
): Promise<string> => {
  const options = { allowHalfOpen: true, halfClose: true }
  const listener: Listener = await listen(address, options)
  try {
    let found: unknown
    listener.once('connection', (connection) => {
      connection.pipe(connection)
      try {
        look(connection)
      } catch (error) {
        found = error
      }
    })
    const client: Duplex = await connect(address, options)
    client.end(MESSAGE)
    const answer = await buffer(client)
    if (found !== undefined) throw found
    if (answer.toString() !== MESSAGE)
      throw new Error(`sent ${JSON.stringify(MESSAGE)}, got ${JSON.stringify(answer.toString())}`)
    return listener.address
  } finally {
    await listener.close()
  }
}

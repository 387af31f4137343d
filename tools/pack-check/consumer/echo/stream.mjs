import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, listen } from '@uds/stream'

/** @param options - Those of `listen`. */
export const echo = async (options = {}) => {
  const hello = Buffer.from('hello')
  const server = await listen(`name:pack-${randomUUID().slice(0, 8)}`, options)
  server.on('connection', (connection) => connection.pipe(connection))
  const connection = await connect(server.address)
  connection.write(hello)
  const [echoed] = await once(connection, 'data')
  assert.deepEqual(echoed, hello)
  connection.destroy()
  await server.close()
}

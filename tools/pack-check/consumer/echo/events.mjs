import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { EventClient, EventServer } from '@uds/events'

/** @param address - A fresh name unless given. */
export const echo = async (address = `pack-${randomUUID().slice(0, 8)}`) => {
  // A pipe is accepted by a thread, which takes seconds to start on a busy machine under Wine.
  const options = { handshakeTimeoutMs: 60_000 }
  const server = await EventServer.listen(address, options)
  server.handle('echo', (input) => input)
  const client = await EventClient.connect(server.address, options)
  assert.deepEqual(await client.request('echo', { text: 'hello' }), { text: 'hello' })
  await client.close()
  await server.close()
}

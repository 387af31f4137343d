/** `relay-actor.ts [FROM, TO]`: carries the bytes of each client to another address, as `uds proxy` does. */
import { pipeline } from 'node:stream'
import { connect, listen } from '@uds/stream'

const [from, to] = JSON.parse(process.argv[2] ?? '') as [string, string]
const listener = await listen(from)
listener.on('connectionError', () => {})
listener.on('connection', async (client) => {
  try {
    const server = await connect(to)
    pipeline(client, server, () => {})
    pipeline(server, client, () => {})
  } catch {
    client.destroy()
  }
})
console.log('ready')

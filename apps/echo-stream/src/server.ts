/**
 * Echoes what its clients send, all at once, until it is stopped.
 * Usage: node src/server.ts [address]
 */
// #region server
import { listen } from '@uds/stream'

const server = await listen(process.argv[2] ?? 'name:echo', { allowHalfOpen: true })
server.on('connectionError', (error) => console.error(error.message))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.close({ graceMs: 1000 }))
}
console.log(`listening on ${server.address}`)

for await (const connection of server) connection.pipe(connection)
// #endregion

/**
 * Prints the lines of its clients, acknowledges each, and sends it to the others, until it is stopped.
 * Usage: node src/server.ts [PATH | ADDRESS]
 */
// #region server
import { LineServer } from '@uds/events'
// #endregion

const path = process.argv[2] ?? '/tmp/unix_socket.sock'

// #region server
const server = new LineServer({
  path,
  withAck: true,
  withBroadcast: true,
  handler: (line) => {
    console.log(`line: ${line}`)
  },
  logger: false,
})

await server.run()
console.log(`listening on ${path}`)
// #endregion

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.shutdown())
await server.closed
console.log('closed')

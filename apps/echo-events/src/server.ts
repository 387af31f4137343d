/**
 * Echoes what its clients send: an event to all of them, an answer to one, or an answer in parts.
 * Usage: node src/server.ts [name or address]
 */
// #region server
import { EventServer } from '@uds/events'
import type { Echo } from './echo.ts'

const server = await EventServer.listen<Echo>(process.argv[2] ?? 'echo')
server.on('shout', (text) => server.broadcast('shout', text))
server.handle('echo', (text) => text)
server.handle('spell', async function* (text) {
  yield* text
})
console.log(`listening on ${server.address}`)
// #endregion

server.on('error', (error) => console.error(error.message))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close())

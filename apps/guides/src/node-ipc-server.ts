/**
 * node-ipc's basic example: a server `world` that answers `app.message`.
 * Usage: node src/node-ipc-server.ts [NAME | ADDRESS]
 */
// #region server
import { EventServer } from '@uds/events'
import type { World } from './node-ipc-world.ts'

const server = await EventServer.listen<World>(process.argv[2] ?? 'world')

server.on('app.message', (data, peer) => {
  console.log(`got a message from ${data.id}: ${data.message}`)
  peer.emit('app.message', { id: 'world', message: `${data.message} world!` })
})
server.handle('time', () => new Date().toISOString())
server.on('disconnect', (peer) => console.log(`client ${peer.name} has disconnected`))
// #endregion

console.log(`listening on ${server.address}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close())

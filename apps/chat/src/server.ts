/** The chat server: node src/server.ts [address] */
// #region server
import { EventServer } from '@uds/events'
import type { Chat } from './chat.ts'

const server = await EventServer.listen<Chat>(process.argv[2] ?? 'chat')
const said: { from: string; text: string }[] = []

server.on('connection', (peer) => server.broadcast('joined', peer.name ?? 'somebody', { except: peer }))
server.on('disconnect', (peer) => server.broadcast('left', peer.name ?? 'somebody'))
server.on('say', (message, peer) => {
  said.push(message)
  server.broadcast('say', message, { except: peer })
})
server.handle('who', () => server.peers.map((peer) => peer.name ?? 'somebody'))
server.handle('history', async function* (last) {
  yield* said.slice(-last)
})
// #endregion

server.on('error', (error, peer) => console.error(`${peer?.name ?? 'a stranger'}: ${error.message}`))
console.log(`listening on ${server.address}`)
const stop = (): void => void server.close().then(() => process.exit(0))
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

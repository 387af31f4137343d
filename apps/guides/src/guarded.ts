/**
 * A server that only programs of this user reach, and only so many at once.
 * Usage: node src/guarded.ts [ADDRESS]
 */
// #region guarded
import { listen } from '@uds/stream'

const server = await listen(process.argv[2] ?? 'name:guarded', {
  authorize: 'sameUser', // asked of the system before the first byte is read
  mode: 0o600, // AF_UNIX: the permissions of the file, whatever the umask
  maxConnections: 100,
})
server.on('connectionError', (error) => console.error(error.message)) // who was refused, and why
server.on('drop', (reason) => console.error(`turned one away: ${reason}`))
server.on('connection', (connection) => connection.end('you are this user\n'))
// #endregion

console.log(`listening on ${server.address}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close())

/** Holds connections, and says how much memory it has whenever a line comes on standard input. */
import { createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from '@uds/stream'

const held = new Set<Duplex>()
const hold = (connection: Duplex): void => {
  connection.on('error', () => {})
  held.add(connection)
}

const [, , kind, address = ''] = process.argv
if (kind === 'net') createServer(hold).listen(address, () => console.log('ready'))
else {
  const server = await listen(address)
  server.on('connection', hold)
  console.log('ready')
}

for await (const _line of process.stdin) {
  await sleep(200)
  globalThis.gc?.()
  await sleep(50)
  globalThis.gc?.()
  console.log(process.memoryUsage().rss)
}

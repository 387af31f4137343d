/**
 * The server half, in a process of its own. Usage: node peer.ts net|uds|adopted ADDRESS. It says where it listens, and a
 * client's first byte says what it wants: `e` its bytes back, `s` bytes without end, as many as it takes.
 */
import { createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { listen } from '@uds/stream'
import { listenAdopted } from './adopted.ts'

const block = Buffer.alloc(65_536)

const pour = (connection: Duplex): void => {
  const go = (): void => {
    while (connection.write(block));
  }
  connection.on('drain', go)
  go()
}

const serve = (connection: Duplex): void => {
  connection.on('error', () => {})
  connection.once('data', (first: Buffer) => {
    if (first[0] === 's'.charCodeAt(0)) {
      pour(connection)
      return
    }
    connection.on('data', (data) => connection.write(data))
    connection.write(first)
  })
}

const [, , kind, address = ''] = process.argv
if (kind === 'net') createServer(serve).listen(address, () => console.log(address))
else {
  const server = await (kind === 'adopted' ? listenAdopted(address) : listen(address))
  server.on('connection', serve)
  console.log(server.address)
}

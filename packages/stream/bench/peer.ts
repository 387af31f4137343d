/**
 * The server half, in a process of its own. Usage: node peer.ts net|uds|adopted|ancillary ADDRESS. It says where it listens,
 * and a client's first byte says what it wants: `e` its bytes back, `s` bytes without end, as many as it takes, `d` messages
 * with a descriptor each.
 */
import { createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { listen } from '@uds/stream'
import { listenAncillary, type AncillarySocket } from '@uds/stream/handles'
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

/** Sends without end, each when the one before is sent. */
const pourAncillary = async (
  socket: AncillarySocket,
  data: Buffer,
  descriptors: readonly number[],
): Promise<void> => {
  for (;;) await socket.send(data, { descriptors })
}

const serveAncillary = async (socket: AncillarySocket): Promise<void> => {
  let isFirst = true
  for await (const { data } of socket) {
    if (!isFirst) void socket.send(data)
    else if (data[0] === 's'.charCodeAt(0)) void pourAncillary(socket, block, []).catch(() => {})
    else if (data[0] === 'd'.charCodeAt(0))
      void pourAncillary(socket, block.subarray(0, 64), [0]).catch(() => {})
    else void socket.send(data)
    isFirst = false
  }
}

const [, , kind, address = ''] = process.argv
if (kind === 'net') createServer(serve).listen(address, () => console.log(address))
else if (kind === 'ancillary') {
  listenAncillary(address).on('connection', (socket) => void serveAncillary(socket).catch(() => {}))
  console.log(address)
} else {
  const server = await (kind === 'adopted' ? listenAdopted(address) : listen(address))
  server.on('connection', serve)
  console.log(server.address)
}

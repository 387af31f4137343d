/**
 * Sends a line, prints the reply, and counts round trips for a second at most.
 * Usage: node src/client.ts [unix:PATH | tcp:HOST:PORT] [TEXT]
 */
import { performance } from 'node:perf_hooks'
// #region client
import { sockets, type SocketHandle } from '@uds/winsock-ffi'
// #endregion
import { parseAddress } from './address.ts'

const address = parseAddress(process.argv[2] ?? 'unix:./echo.sock')
const text = process.argv[3] ?? 'hello from the other process'

// #region client
const socket = sockets.open(address.family)
sockets.connect(socket, address, { timeoutMs: 2000 })

const roundTrip = (handle: SocketHandle, message: Uint8Array): Buffer => {
  sockets.send(handle, message)
  const reply = Buffer.alloc(message.length)
  for (let got = 0; got < reply.length;) {
    const n = sockets.recv(handle, reply.subarray(got), { timeoutMs: 2000 })
    if (n === 0) throw new Error('the server closed the connection before the whole reply came')
    got += n
  }
  return reply
}

console.log(`reply: ${roundTrip(socket, Buffer.from(text))}`)
// #endregion

const message = Buffer.alloc(64, 'x')
const from = performance.now()
let rounds = 0
while (rounds < 20_000 && performance.now() - from < 1000) {
  roundTrip(socket, message)
  rounds += 1
}
console.log(`${Math.round((rounds / (performance.now() - from)) * 1000)} round trips per second`)
socket.close()

// node:net with 256 messages under one cork, as a program would do that knows of it.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { arrivals, bytes, job, ready } from './subject.ts'

const { role, address, count } = job()
if (role === 'server') {
  createServer((socket) => {
    const arrived = arrivals(count)
    let left = 0
    socket.on('data', (chunk) => {
      for (left += chunk.length; left >= bytes.length; left -= bytes.length) arrived()
    })
  }).listen(address, ready)
} else {
  const socket = connect(address)
  await once(socket, 'connect')
  ready()
  for (let at = 0; at < count; at += 256) {
    socket.cork()
    for (let each = Math.min(256, count - at); each > 0; each--) socket.write(bytes)
    socket.uncork()
    if (socket.writableNeedDrain) await once(socket, 'drain')
  }
}

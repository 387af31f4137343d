// Raw ping-pong over node:net, by callbacks alone: nothing between one message and the next but the stream.
import { connect, createServer } from 'node:net'
import { bytes, job, ready, result } from './subject.ts'

const { role, address, count } = job()
if (role === 'server') {
  createServer((socket) => socket.on('data', (chunk) => socket.write(chunk))).listen(address, ready)
} else {
  const socket = connect(address, () => socket.write(bytes))
  let seen = 0
  let startedAt = 0
  const warmUp = Math.min(count / 5, 20_000)
  socket.on('data', () => {
    if (++seen === warmUp) {
      startedAt = performance.now()
      ready()
    }
    if (seen === warmUp + count) result(count, startedAt)
    else socket.write(bytes)
  })
}

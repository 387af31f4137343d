// node:net as it is used: one write for each message of 64 bytes, waiting for 'drain'. The measure of the bench.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { arrivals, bytes, job, ready, roundTrips } from './subject.ts'

const { role, address, work, count } = job()
if (role === 'server') {
  createServer((socket) => {
    if (work !== 'one-way') {
      socket.on('data', (chunk) => socket.write(chunk))
      return
    }
    const arrived = arrivals(count)
    let left = 0
    socket.on('data', (chunk) => {
      for (left += chunk.length; left >= bytes.length; left -= bytes.length) arrived()
    })
  }).listen(address, ready)
} else {
  const socket = connect(address)
  await once(socket, 'connect')
  if (work === 'one-way') {
    ready()
    for (let at = 0; at < count; at++) if (!socket.write(bytes)) await once(socket, 'drain')
  } else {
    // Raw ping-pong: the next goes when the last has come.
    let resolve: (() => void) | undefined
    let left = 0
    socket.on('data', (chunk) => {
      left += chunk.length
      if (left < bytes.length) return
      left -= bytes.length
      resolve?.()
    })
    await roundTrips(count, 1, () => {
      socket.write(bytes)
      return new Promise<void>((done) => {
        resolve = done
      })
    })
  }
}

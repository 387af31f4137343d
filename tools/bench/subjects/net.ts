// node:net, or @uds/stream, which is the same object. The variant: `naive` (a write for each, read by 'data'), `corked` (256
// under one cork), `onread` (both ends read into one buffer), `stream` and `stream-onread`.
import { once } from 'node:events'
import { connect as connectNet, createServer, type Socket } from 'node:net'
import type * as Stream from '@uds/stream'
import { arrivals, bytesOf, job, load, ready, result, streamChecker } from './subject.ts'

const { role, address, work, count, size, variant } = job()
const payload = bytesOf(size)
const onread = variant.endsWith('onread')
const stream = variant.startsWith('stream') ? ((await load('stream')) as typeof Stream) : undefined

const open = async (take: (chunk: Uint8Array) => void): Promise<Socket> => {
  const buffer = Buffer.allocUnsafeSlow(65_536)
  const reading = {
    buffer,
    callback: (length: number): boolean => {
      take(buffer.subarray(0, length))
      return true
    },
  }
  if (stream !== undefined) {
    const socket = await stream.connect(`unix:${address}`, onread ? { onread: reading } : {})
    if (!onread) socket.on('data', take)
    return socket
  }
  const socket = connectNet({ path: address, ...(onread && { onread: reading }) })
  await once(socket, 'connect')
  if (!onread) socket.on('data', take)
  return socket
}

const accept = async (take: (socket: Socket) => void): Promise<void> => {
  if (stream !== undefined) {
    const server = await stream.listen(`unix:${address}`)
    server.on('connection', (connection) => take(connection))
  } else {
    createServer(take).listen(address)
  }
}

/** One way: messages of the client, or, since only clients read by onread, of the server. */
const pour = async (socket: Socket): Promise<void> => {
  for (let at = 0; at < count; at += 256) {
    const burst = Math.min(256, count - at)
    if (variant === 'corked') socket.cork()
    for (let each = burst; each > 0; each--) {
      if (!socket.write(payload) && variant !== 'corked') await once(socket, 'drain')
    }
    if (variant !== 'corked') continue
    socket.uncork()
    if (socket.writableNeedDrain) await once(socket, 'drain')
  }
}

const oneWay = work === 'one-way'
if (role === 'server') {
  const whole = streamChecker(size)
  const arrived = arrivals(count)
  await accept((socket) => {
    if (!oneWay) socket.on('data', (chunk) => socket.write(chunk))
    else if (onread) socket.once('data', () => void pour(socket))
    else
      socket.on('data', (chunk) => {
        const messages = whole(chunk)
        if (messages > 0) arrived(messages)
      })
  })
  ready()
} else if (oneWay && onread) {
  // The parts are changed: this end receives, and prints the result.
  const whole = streamChecker(size)
  const arrived = arrivals(count)
  const socket = await open((chunk) => {
    const messages = whole(chunk)
    if (messages > 0) arrived(messages)
  })
  ready()
  socket.write('go')
} else if (oneWay) {
  const socket = await open(() => {})
  ready()
  await pour(socket)
} else {
  let seen = 0
  let startedAt = 0
  const warmUp = Math.floor(Math.min(count / 5, 20_000))
  const whole = streamChecker(size)
  const socket = await open((chunk) => {
    if (whole(chunk) === 0) return
    if (++seen === warmUp) {
      startedAt = performance.now()
      ready()
    }
    if (seen === warmUp + count) result(count, startedAt)
    else socket.write(payload)
  })
  socket.write(payload)
}

/** The exchanges of peer.c with node:net. */
import { connect, createServer, type Socket } from 'node:net'

const SMALL = 64
const LARGE = 65_536
/** Rounds of which the best batch counts, as in peer.c. */
const BATCH = 250

const [role, address = '', rounds = '0'] = process.argv.slice(2)
const small = Buffer.alloc(SMALL)
const large = Buffer.alloc(LARGE)

const serve = (): void => {
  const server = createServer((socket) => {
    server.close()
    // Of a named pipe the end may come as a reset.
    socket.on('error', () => {})
    socket.once('data', (first) => {
      const blocks = first.readUInt32LE()
      let got = first.length - 4
      const take = (): void => {
        if (blocks === 0) for (; got >= SMALL; got -= SMALL) socket.write(small)
        else if (got === blocks * LARGE) socket.write(small.subarray(0, 1))
      }
      take()
      socket.on('data', (data) => {
        got += data.length
        take()
      })
      socket.on('end', () => socket.end())
    })
  })
  server.listen(address, () => console.log('ready'))
}

const ping = (socket: Socket, count: number): void => {
  socket.write(Buffer.alloc(4))
  const warmUp = Math.min(5000, count)
  let done = -warmUp
  let got = 0
  let start = 0
  let best = Infinity
  socket.on('data', (data) => {
    got += data.length
    if (got < SMALL) return
    got -= SMALL
    done += 1
    if (done >= 0 && done % BATCH === 0) {
      if (done > 0) best = Math.min(best, performance.now() - start)
      start = performance.now()
    }
    if (done < count) socket.write(small)
    else {
      console.log(((best * 1e6) / BATCH).toFixed(1))
      socket.destroy()
    }
  })
  socket.write(small)
}

const send = (socket: Socket, count: number): void => {
  const blocks = Buffer.alloc(4)
  blocks.writeUInt32LE(count)
  socket.write(blocks)
  let start = performance.now()
  let best = Infinity
  let left = count
  const more = (): void => {
    while (left > 0) {
      left -= 1
      if (left % BATCH === 0) {
        best = Math.min(best, performance.now() - start)
        start = performance.now()
      }
      if (!socket.write(large)) return void socket.once('drain', more)
    }
  }
  socket.once('data', () => {
    console.log(((BATCH * LARGE) / best) * 1000)
    socket.destroy()
  })
  more()
}

if (role === 'server') serve()
else {
  const socket = connect(address, () => (role === 'ping' ? ping : send)(socket, Number(rounds)))
}

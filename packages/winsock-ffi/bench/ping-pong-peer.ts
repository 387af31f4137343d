/** One end of the ping-pong. Usage: ping-pong-peer.ts server|client PATH ROUNDS plain|deadline|net */
import { connect, createServer, type Socket } from 'node:net'
import { hrtime, stdout } from 'node:process'
import { sockets, UnixAddress, type SocketHandle } from '@uds/winsock-ffi'

const [, , role, path = '', count = '0', mode] = process.argv
const rounds = Number(count)
const warm = Math.floor(rounds / 10)
const report = (from: bigint): void => {
  stdout.write(`${(Number(hrtime.bigint() - from) / (rounds - warm)).toFixed(1)}\n`)
}

const overNet = (): void => {
  const message = Buffer.alloc(64)
  if (role === 'server') {
    const server = createServer((socket) => {
      socket.on('data', (data) => socket.write(data))
      socket.on('close', () => server.close())
    })
    server.listen(path, () => stdout.write('ready\n'))
    return
  }
  let round = 0
  let from = 0n
  const client: Socket = connect(path, () => client.write(message))
  client.on('data', () => {
    round += 1
    if (round === warm) from = hrtime.bigint()
    if (round === rounds) {
      report(from)
      client.end()
    } else client.write(message)
  })
}

const overFfi = (): void => {
  const wait = mode === 'deadline' ? { timeoutMs: 5000 } : undefined
  const buffer = Buffer.alloc(64)
  const address = UnixAddress.path(path)
  const handle = sockets.open('unix')
  if (role === 'server') {
    sockets.bind(handle, address)
    sockets.listen(handle, 1)
    stdout.write('ready\n')
    const client: SocketHandle = sockets.accept(handle)
    for (let i = 0; i < rounds; i += 1) {
      sockets.recv(client, buffer, wait)
      sockets.send(client, buffer, wait)
    }
    client.close()
    handle.close()
    return
  }
  sockets.connect(handle, address)
  let from = 0n
  for (let i = 0; i < rounds; i += 1) {
    if (i === warm) from = hrtime.bigint()
    sockets.send(handle, buffer, wait)
    sockets.recv(handle, buffer, wait)
  }
  report(from)
  handle.close()
}

if (mode === 'net') overNet()
else overFfi()

/** What it costs to open a listener, and a connection, and to close both. */
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, listen, pipe, unix } from '@uds/stream'
import { compare, machine } from './measure.ts'

const TIMES = 300
const ROUNDS = 5
let count = 0
const unique = `${process.pid}-${Math.trunc(performance.timeOrigin)}`
const raw = (): string =>
  pipe.capabilities.listen
    ? `\\\\.\\pipe\\o${unique}-${(count += 1)}`
    : join(tmpdir(), `o${unique}-${(count += 1)}`)
const own = (): string =>
  unix.capabilities.listen
    ? `unix:${join(tmpdir(), `o${unique}-${(count += 1)}`)}`
    : `pipe:o${unique}-${(count += 1)}`

const perSecond = async (action: () => Promise<void>): Promise<number> => {
  const started = performance.now()
  for (let time = 0; time < TIMES; time += 1) await action()
  return TIMES / ((performance.now() - started) / 1000)
}

const rawListen = async (): Promise<void> => {
  const server = createServer().listen(raw())
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

console.log(machine())
await compare('listen and close', 'per second', ['node:net', '@uds/stream'], ROUNDS, (index) =>
  perSecond(index === 0 ? rawListen : async () => await (await listen(own())).close()),
)

const path = raw()
const rawServer = createServer((socket) => socket.resume()).listen(path)
await once(rawServer, 'listening')
const server = await listen(own())
server.on('connection', (connection) => connection.resume())
await compare('connect and close', 'per second', ['node:net', '@uds/stream'], ROUNDS, (index) =>
  perSecond(async () => {
    const socket = index === 0 ? createConnection(path) : await connect(server.address)
    if (index === 0) await once(socket, 'connect')
    socket.resume().end()
    await once(socket, 'close')
  }),
)
rawServer.close()
await server.close()

// The peers, each as its documentation shows it. Plain JavaScript: they are found in the folder that UDS_PEERS names.
//   node peers.mjs server|client <address> <work> <count> <size> <library>
import { once } from 'node:events'
import { createServer as createHttp } from 'node:http'
import { createRequire } from 'node:module'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const [role, address, work, count, size, library] = process.argv.slice(2)
const total = Number(count)
const pattern = 'The quick brown fox jumps over the lazy dog; 0123456789 abcdefgh'
const text = pattern.repeat(Math.ceil(Number(size) / pattern.length)).slice(0, Number(size))
const require = createRequire(join(process.env.UDS_PEERS, 'package.json'))
const load = (name) => require(name)
const say = (line) => process.stdout.write(`${line}\n`)
const ready = () => say('ready')
const result = (n, from) => say(JSON.stringify({ perSecond: n / ((performance.now() - from) / 1000) }))
const message = () => JSON.stringify(['m', text])
let seen = 0
let from = 0
const arrived = () => {
  if (seen++ === 0) from = performance.now()
  if (seen === total) result(total, from)
}
const turn = () => new Promise((resolve) => setImmediate(resolve))
/** Emits in bursts, since most of them tell nothing of back-pressure. */
const emitAll = async (emit, waiting = () => false) => {
  ready()
  for (let at = 0; at < total; at++) {
    emit()
    if (at % 200 === 199)
      do await turn()
      while (waiting())
  }
}
const pingAll = async (trip) => {
  for (let at = 0; at < Math.min(2000, total); at++) await trip()
  ready()
  const began = performance.now()
  for (let at = 0; at < total; at++) await trip()
  result(total, began)
}
/** One answer at a time. */
const answers = () => {
  let resolve
  return { wait: () => new Promise((done) => (resolve = done)), come: (value) => resolve?.(value) }
}

const wire = (socket) => ({
  post: (data) => socket.write(`${data}\n`),
  on: (take) => createInterface({ input: socket }).on('line', take),
  serialize: JSON.stringify,
  deserialize: JSON.parse,
})

const libraries = {
  async ws() {
    const { WebSocket, WebSocketServer } = load('ws')
    if (role === 'server') {
      const http = createHttp()
      new WebSocketServer({ server: http, perMessageDeflate: false }).on('connection', (socket) => {
        socket.on('message', (data) =>
          work === 'one-way' ? (JSON.parse(data), arrived()) : socket.send(String(data)),
        )
      })
      http.listen(address, ready)
      return
    }
    const socket = new WebSocket(`ws+unix://${address}:/`, { perMessageDeflate: false })
    await once(socket, 'open')
    if (work === 'one-way')
      return emitAll(
        () => socket.send(message()),
        () => socket.bufferedAmount > 1 << 20,
      )
    const answer = answers()
    socket.on('message', answer.come)
    await pingAll(() => (socket.send(message()), answer.wait()))
  },
  async 'socket.io'() {
    if (role === 'server') {
      const { Server } = load('socket.io')
      const http = createHttp()
      new Server(http, { transports: ['websocket'] }).on('connection', (socket) => {
        socket.on('m', (data, back) => (work === 'one-way' ? arrived() : back(data)))
      })
      http.listen(address, ready)
      return
    }
    const { io } = load('socket.io-client')
    const { Agent } = await import('node:http')
    class Local extends Agent {
      createConnection(_options, done) {
        return connect(address, done)
      }
    }
    const socket = io('ws://localhost', { transports: ['websocket'], agent: new Local() })
    await new Promise((resolve) => socket.on('connect', resolve))
    if (work === 'one-way')
      return emitAll(
        () => socket.emit('m', text),
        () => socket.io.engine.writeBuffer.length > 5000,
      )
    await pingAll(() => new Promise((resolve) => socket.emit('m', text, resolve)))
  },
  async zeromq() {
    const { Pair } = load('zeromq')
    const socket = new Pair()
    if (role === 'server') {
      await socket.bind(`ipc://${address}`)
      ready()
      for await (const [data] of socket) {
        if (work !== 'one-way') await socket.send(data)
        else if (JSON.parse(data)) arrived()
      }
      return
    }
    socket.connect(`ipc://${address}`)
    if (work === 'one-way') {
      ready()
      for (let at = 0; at < total; at++) await socket.send(message())
      // It would close with messages unsent.
      setInterval(() => {}, 1000)
      return
    }
    await pingAll(async () => (await socket.send(message()), await socket.receive()))
  },
  async birpc() {
    const { createBirpc } = load('birpc')
    if (role === 'server') {
      const functions = { m: (data) => (work === 'one-way' ? arrived() : data) }
      createServer((socket) => createBirpc(functions, wire(socket))).listen(address, ready)
      return
    }
    const socket = connect(address)
    await once(socket, 'connect')
    const rpc = createBirpc({}, wire(socket))
    if (work === 'one-way')
      return emitAll(
        () => void rpc.m.asEvent(text),
        () => socket.writableNeedDrain,
      )
    await pingAll(() => rpc.m(text))
  },
  async 'vscode-jsonrpc'() {
    const {
      createMessageConnection,
      StreamMessageReader,
      StreamMessageWriter,
    } = require('vscode-jsonrpc/node')
    const over = (socket) =>
      createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket))
    if (role === 'server') {
      createServer((socket) => {
        const connection = over(socket)
        connection.onNotification('m', arrived)
        connection.onRequest('m', (data) => data)
        connection.listen()
      }).listen(address, ready)
      return
    }
    const socket = connect(address)
    await once(socket, 'connect')
    const connection = over(socket)
    connection.listen()
    if (work === 'one-way')
      return emitAll(
        () => void connection.sendNotification('m', text),
        () => socket.writableNeedDrain,
      )
    await pingAll(() => connection.sendRequest('m', text))
  },
  async 'node-ipc'() {
    const loaded = load(library)
    const ipc = loaded.default ?? loaded
    ipc.config.silent = true
    ipc.config.id = 'bench'
    if (role === 'server') {
      ipc.serve(address, () => {
        ipc.server.on('m', (data, socket) =>
          work === 'one-way' ? arrived() : ipc.server.emit(socket, 'm', data),
        )
        ready()
      })
      ipc.server.start()
      return
    }
    await new Promise((resolve) => ipc.connectTo('bench', address, () => ipc.of.bench.on('connect', resolve)))
    if (work === 'one-way')
      return emitAll(
        () => ipc.of.bench.emit('m', text),
        () => ipc.of.bench.socket?.writableLength > 1 << 20,
      )
    const answer = answers()
    ipc.of.bench.on('m', answer.come)
    await pingAll(() => (ipc.of.bench.emit('m', text), answer.wait()))
  },
}
await libraries[library.endsWith('node-ipc') ? 'node-ipc' : library]()

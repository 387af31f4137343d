/** What socket.io does, row by row of docs/guides/coming-from-socket-io.md. */
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

const next = async (emitter, name) => (await once(emitter, name)).slice(0, 1)

/** What each client hears until all that was sent to it has come. */
const heard = async (ends, say) => {
  const got = ends.map(() => [])
  ends.forEach(({ here }, index) => here.on('say', (text) => got[index].push(text)))
  say()
  for (const { here, peer } of ends) {
    const last = once(here, 'last')
    peer.emit('last')
    await last
  }
  return got
}

export const rows = ({ Server }, { io: open }) => {
  const serve = (options) => {
    const io = new Server(0, { ...options, transports: ['websocket'] })
    onTestFinished(() => io.close())
    return io
  }
  const client = (io, options) => {
    const { port } = io.httpServer.address()
    const socket = open(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true, ...options })
    onTestFinished(() => void socket.disconnect())
    return socket
  }
  /** A server with so many clients, and its ends of them, in the same order. */
  const pair = async (count = 1, options = {}) => {
    const io = serve(options)
    const ends = []
    for (let each = 0; each < count; each += 1) {
      const there = once(io, 'connection')
      const here = client(io)
      const [peer] = await there
      if (!here.connected) await once(here, 'connect')
      ends.push({ here, peer })
    }
    return { io, ends, here: ends[0]?.here, peer: ends[0]?.peer }
  }
  return {
    'new Server(httpServer), io(url)': async () => (await pair()).here.connected,
    "io.on('connection', (socket) => ...)": async () => {
      const io = serve()
      const connection = once(io, 'connection')
      client(io)
      return (await connection).length > 0
    },
    "socket.emit('say', data), socket.on('say', ...)": async () => {
      const { here, peer } = await pair()
      const toServer = next(peer, 'say')
      here.emit('say', 'up')
      const toClient = next(here, 'say')
      peer.emit('say', 'down')
      return [await toServer, await toClient]
    },
    "emitWithAck('ask', input)": async () => {
      const { here, peer } = await pair()
      peer.on('ask', (input, answer) => answer(input * 2))
      return here.emitWithAck('ask', 21)
    },
    "timeout(2000).emitWithAck('ask')": async () => {
      const { here, peer } = await pair()
      peer.on('ask', () => {})
      return here
        .timeout(20)
        .emitWithAck('ask')
        .then(
          () => 'answered',
          () => 'too late',
        )
    },
    "io.emit('say', data)": async () => {
      const { io, ends } = await pair(2)
      return heard(ends, () => io.emit('say', 'to all'))
    },
    "socket.broadcast.emit('say', data)": async () => {
      const { ends, peer } = await pair(2)
      return heard(ends, () => peer.broadcast.emit('say', 'to others'))
    },
    "socket.join('news'), io.to('news').emit(...)": async () => {
      const { io, ends, peer } = await pair(2)
      peer.join('news')
      return heard(ends, () => io.to('news').emit('say', 'news'))
    },
    "socket.leave('news')": async () => {
      const { io, ends, peer } = await pair(2)
      peer.join('news')
      peer.leave('news')
      return heard(ends, () => io.to('news').emit('say', 'news'))
    },
    'socket.rooms': async () => {
      const { peer } = await pair()
      peer.join('news')
      return [...peer.rooms].includes('news')
    },
    'socket.data': async () => {
      const { io, peer } = await pair()
      peer.data = { user: 7 }
      return [...io.sockets.sockets.values()].map(({ data }) => data)
    },
    'io.fetchSockets()': async () => {
      const { io } = await pair(2)
      return (await io.fetchSockets()).length
    },
    'io.use(...), socket.handshake.auth': async () => {
      const io = serve()
      io.use((socket, proceed) =>
        proceed(socket.handshake.auth.token === 'secret' ? undefined : new Error('no')),
      )
      const good = client(io, { auth: { token: 'secret' } })
      await once(good, 'connect')
      const bad = client(io, { auth: { token: 'guessed' } })
      await once(bad, 'connect_error')
      return [good.connected, bad.connected]
    },
    'socket.use(...)': async () => {
      const { here, peer } = await pair()
      const seen = []
      peer.use(([name], proceed) => {
        seen.push(name)
        proceed()
      })
      const heardIt = next(peer, 'say')
      here.emit('say', 1)
      await heardIt
      return seen
    },
    'socket.onAny(...)': async () => {
      const { here, peer } = await pair()
      const seen = new Promise((resolve) => peer.onAny((name, data) => resolve([name, data])))
      here.emit('say', 'x')
      return seen
    },
    'socket.disconnect()': async () => {
      const { here, peer } = await pair()
      const ended = once(here, 'disconnect')
      peer.disconnect()
      await ended
      return here.connected
    },
    "socket.on('disconnect', ...) of the server": async () => {
      const { here, peer } = await pair()
      const ended = once(peer, 'disconnect')
      here.disconnect()
      return (await ended).length > 0
    },
    "io('/admin'), a namespace": async () => {
      const io = serve()
      const { port } = io.httpServer.address()
      const admin = once(io.of('/admin'), 'connection')
      client(io)
      const socket = open(`http://127.0.0.1:${port}/admin`, { transports: ['websocket'], forceNew: true })
      onTestFinished(() => void socket.disconnect())
      await admin
      return io.of('/admin').sockets.size
    },
    'a Buffer as data': async () => {
      const { here, peer } = await pair()
      const got = next(peer, 'say')
      here.emit('say', Buffer.from([1, 2, 255]))
      return [...(await got)[0]]
    },
    reconnection: async () => {
      const { here, io } = await pair()
      const again = once(io, 'connection')
      here.io.engine.close()
      await again
      return 'back'
    },
    'reconnection: false': async () => {
      const io = serve()
      const socket = client(io, { reconnection: false })
      const [peer] = await once(io, 'connection')
      if (!socket.connected) await once(socket, 'connect')
      const ended = once(socket, 'disconnect')
      peer.conn.close()
      await ended
      return socket.connected
    },
    connectionStateRecovery: async () => {
      const { here, io } = await pair(1, { connectionStateRecovery: {} })
      // The client learns an offset with each event, and only what came after it is replayed.
      const first = once(here, 'say')
      io.emit('say', 'before')
      await first
      const back = new Promise((resolve) => here.io.once('reconnect', resolve))
      const missed = next(here, 'say')
      const lost = once(here, 'disconnect')
      here.io.engine.close()
      await lost
      io.emit('say', 'meanwhile')
      await back
      return missed
    },
    'retries, ackTimeout': async () => {
      const io = serve()
      let attempts = 0
      const peers = []
      io.on('connection', (peer) => {
        peers.push(peer)
        peer.on('job', (_data, done) => {
          attempts += 1
          // The first time, the connection is lost before the answer.
          if (attempts === 1) peer.conn.close()
          else done()
        })
      })
      const socket = client(io, { retries: 3, ackTimeout: 500 })
      await socket.emitWithAck('job', 1)
      return attempts > 0
    },
    'io.close()': async () => {
      const { io, here } = await pair()
      const ended = once(here, 'disconnect')
      await io.close()
      await ended
      return here.connected
    },
  }
}

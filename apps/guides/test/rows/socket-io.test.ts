/** docs/guides/coming-from-socket-io.md */
import { EventClient } from '@uds/events'
import { until } from '@uds/testkit'
import { onTestFinished } from 'vitest'
import { cuttable, heard, join, pair, serve } from './ends.ts'
import { tryGuide, type Rows } from './guide-rows.ts'

const ours: Rows = {
  'new Server(httpServer), io(url)': async () => (await pair()).here.connected,
  "io.on('connection', (socket) => ...)": async () => {
    const server = await serve()
    const connection = server.once('connection')
    await join(server)
    return (await connection).length > 0
  },
  "socket.emit('say', data), socket.on('say', ...)": async () => {
    const { server, here, peer } = await pair()
    const toServer = server.once('say')
    here.emit('say', 'up')
    const toClient = here.once('say')
    peer.emit('say', 'down')
    return [(await toServer).slice(0, 1), (await toClient).slice(0, 1)]
  },
  "emitWithAck('ask', input)": async () => {
    const { server, here } = await pair()
    server.handle('ask', (input) => (input as number) * 2)
    return here.request('ask', 21)
  },
  "timeout(2000).emitWithAck('ask')": async () => {
    const { server, here } = await pair()
    server.handle('ask', () => new Promise(() => {}))
    return here.request('ask', undefined, { timeoutMs: 20 }).then(
      () => 'answered',
      (error: unknown) => ((error as { code: string }).code === 'ETIMEDOUT' ? 'too late' : error),
    )
  },
  "io.emit('say', data)": async () => {
    const { server, ends } = await pair(2)
    return heard(ends, () => void server.broadcast('say', 'to all'))
  },
  "socket.broadcast.emit('say', data)": async () => {
    const { server, ends, peer } = await pair(2)
    return heard(ends, () => void server.broadcast('say', 'to others', { except: peer }))
  },
  "socket.join('news'), io.to('news').emit(...)": async () => {
    const { server, ends, peer } = await pair(2)
    peer.join('news')
    return heard(ends, () => void server.to('news').emit('say', 'news'))
  },
  "socket.leave('news')": async () => {
    const { server, ends, peer } = await pair(2)
    peer.join('news')
    peer.leave('news')
    return heard(ends, () => void server.to('news').emit('say', 'news'))
  },
  'socket.rooms': async () => {
    const { peer } = await pair()
    peer.join('news')
    return peer.rooms.includes('news')
  },
  'socket.data': async () => {
    const { server, peer } = await pair()
    peer.data = { user: 7 }
    return server.peers.map(({ data }) => data)
  },
  'io.fetchSockets()': async () => (await pair(2)).server.peers.length,
  'io.use(...), socket.handshake.auth': async () => {
    const server = await serve({ authorize: ({ token }) => token === 'secret' })
    const { here } = await join(server, { token: 'secret' })
    const bad = EventClient.open(server.address, { token: 'guessed', reconnect: false })
    onTestFinished(() => bad.close({ graceMs: 0 }))
    await bad.once('close')
    return [here.connected, bad.connected]
  },
  'socket.use(...)': async () => {
    const { server, here } = await pair()
    const seen: string[] = []
    server.use((message, next) => {
      seen.push(message.name)
      return next()
    })
    const heardIt = server.once('say')
    here.emit('say', 1)
    await heardIt
    return seen
  },
  'socket.onAny(...)': async () => {
    const { server, here } = await pair()
    const { promise, resolve } = Promise.withResolvers<unknown>()
    server.onOthers((name, data) => resolve([name, data]))
    here.emit('say', 'x')
    return promise
  },
  'socket.disconnect()': async () => {
    const { here, peer } = await pair()
    const ended = here.once('close')
    peer.disconnect()
    await ended
    return here.connected
  },
  "socket.on('disconnect', ...) of the server": async () => {
    const { server, here } = await pair()
    const ended = server.once('disconnect')
    await here.close()
    return (await ended).length > 0
  },
  "io('/admin'), a namespace": async () => {
    await pair()
    const admin = await pair()
    return admin.server.peers.length
  },
  'a Buffer as data': async () => {
    const { server, here } = await pair()
    const got = server.once('say')
    here.emit('say', Buffer.from([1, 2, 255]))
    return [...((await got)[0] as Buffer)]
  },
  reconnection: async () => {
    const { transport, cut } = cuttable()
    const { server } = await pair(1, {}, { transport })
    const again = server.once('connection')
    cut()
    await again
    return 'back'
  },
  'reconnection: false': async () => {
    const { transport, cut } = cuttable()
    const { here } = await pair(1, {}, { transport, reconnect: false })
    const ended = here.once('close')
    cut()
    await ended
    return here.connected
  },
  connectionStateRecovery: async () => {
    const { transport, cut } = cuttable()
    const missed = { limit: 100, maxAgeMs: 120_000 }
    const { here, server, peer } = await pair(1, { missed }, { transport })
    const first = here.once('say')
    server.broadcast('say', 'before')
    await first
    const got = here.once('say')
    cut()
    await until(() => !peer.connected)
    server.broadcast('say', 'meanwhile')
    return (await got).slice(0, 1)
  },
  'retries, ackTimeout': async () => {
    const { transport, cut } = cuttable()
    const { server, here } = await pair(1, {}, { transport })
    let attempts = 0
    server.on('job', async () => {
      attempts += 1
      cut()
    })
    await here.send('job', 1)
    return attempts > 0
  },
  'io.close()': async () => {
    const { server, here } = await pair()
    const ended = here.once('disconnect')
    await server.close()
    await ended
    return here.connected
  },
}

tryGuide(
  'coming-from-socket-io.md',
  [
    { name: 'socket.io', version: '4.8.4', main: 'wrapper.mjs' },
    { name: 'socket.io-client', version: '4.8.4', main: 'build/esm-debug/index.js' },
  ],
  new URL('./socket-io.theirs.mjs', import.meta.url),
  ours,
)

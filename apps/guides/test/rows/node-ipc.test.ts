/** docs/guides/coming-from-node-ipc.md */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventClient, EventServer } from '@uds/events'
import type { ClientOptions } from '@uds/events'
import { connect, listen } from '@uds/stream'
import { isWindows, socketPath, until } from '@uds/testkit'
import { onTestFinished } from 'vitest'
import { cuttable, heard, join, pair, serve } from './ends.ts'
import { tryGuide, type Rows } from './guide-rows.ts'

const listening = async (address: string): Promise<EventServer> => {
  const server = await EventServer.listen(address)
  onTestFinished(() => server.close({ graceMs: 0 }))
  return server
}

const opened = (address: string, options: ClientOptions = {}): EventClient => {
  const client = EventClient.open(address, options)
  onTestFinished(() => client.close({ graceMs: 0 }))
  return client
}

const ours: Rows = {
  "ipc.config.id = 'world'; ipc.serve(callback); ipc.server.start()": async () =>
    (await serve()).peers.length,
  'ipc.serve(path, ...), ipc.connectTo(id, path)': async () => {
    const path = socketPath()
    await listening(`unix:${path}`)
    await opened(`unix:${path}`).once('connect')
    return existsSync(path)
  },
  'ipc.serveNet(host, port, ...), ipc.connectToNet(...)': async () => {
    const server = await listening('tcp:127.0.0.1:0')
    await opened(server.address).once('connect')
    return 'connected'
  },
  "ipc.connectTo('world', callback)": async () => {
    const address = `unix:${socketPath()}`
    // The server comes later.
    const connected = opened(address).once('connect')
    await listening(address)
    await connected
    return 'connected'
  },
  'ipc.of.world.emit(type, data)': async () => {
    const { server, here } = await pair()
    const got = server.once('say')
    here.emit('say', { text: 'up' })
    return (await got)[0]
  },
  'ipc.server.emit(socket, type, data)': async () => {
    const { here, peer } = await pair()
    const got = here.once('say')
    peer.emit('say', { text: 'down' })
    return (await got)[0]
  },
  'ipc.server.broadcast(type, data)': async () => {
    const { server, ends } = await pair(2)
    return heard(ends, () => void server.broadcast('say', 'to all'))
  },
  'a message and an answer by two events': async () => {
    const { server, here } = await pair()
    server.handle('double', (input) => (input as number) * 2)
    return here.request('double', 21)
  },
  "ipc.of.world.on('*', (type, data) => ...)": async () => {
    const { here, peer } = await pair()
    const { promise, resolve } = Promise.withResolvers<unknown>()
    here.onOthers((name, data) => resolve([name, data]))
    peer.emit('surprise', 1)
    return promise
  },
  'events connect, disconnect of ipc.of.world': async () => {
    const { transport, cut } = cuttable()
    const { here } = await pair(1, {}, { transport })
    const seen: string[] = []
    const [lost, back] = [here.once('disconnect'), here.once('connect')]
    cut()
    await lost
    seen.push('disconnect')
    await back
    return [...seen, 'connect']
  },
  'event socket.disconnected of the server': async () => {
    const { server, here } = await pair()
    const ended = server.once('disconnect')
    await here.close()
    return (await ended).length > 0
  },
  'event destroy': async () => {
    const { transport, cut } = cuttable()
    const { here } = await pair(1, {}, { transport, reconnect: false })
    const ended = here.once('close')
    cut()
    await ended
    return 'it is over'
  },
  'event error': async () =>
    ((await opened(`unix:${socketPath()}`).once('connectError'))[0] as { code?: string }).code,
  "ipc.disconnect('world'), ipc.server.stop()": async () => {
    const path = socketPath()
    const server = await listening(`unix:${path}`)
    const client = await EventClient.connect(server.address)
    await client.close()
    await server.close()
    return existsSync(path)
  },
  'ipc.config.id of a client, identifyPeer': async () => (await pair(1, {}, { name: 'hello' })).peer.name,
  'config.retry': async () => {
    const { transport, cut } = cuttable()
    const { server } = await pair(1, {}, { transport, reconnect: { initialMs: 20 } })
    const again = server.once('connection')
    cut()
    return (await again).length > 0
  },
  'config.maxRetries, stopRetrying': async () => {
    const client = opened(`unix:${socketPath()}`, { reconnect: { initialMs: 10 } })
    let attempts = 0
    client.on('connectError', (_error, { attempt }) => {
      attempts = attempt
      if (attempt === 2) void client.close()
    })
    await client.once('close')
    return attempts > 0
  },
  'config.appspace, socketRoot': async () => {
    const path = socketPath()
    await listening(`unix:${path}`)
    return existsSync(path)
  },
  "config.rawBuffer, parser: 'raw'": async () => {
    const listener = await listen(`unix:${socketPath()}`)
    onTestFinished(() => listener.close())
    const connection = await connect(listener.address)
    onTestFinished(() => void connection.destroy())
    connection.write(Buffer.from([1, 2, 255]))
    const [accepted] = (await once(listener, 'connection')) as [NodeJS.ReadableStream]
    const [data] = (await once(accepted, 'data')) as [Buffer]
    return [...data]
  },
  "config.parser: 'guarded', maxMessageSize": async () => {
    const { server, here } = await pair(1, { maxFrame: 1024 }, { reconnect: false })
    const ended = server.once('disconnect')
    try {
      here.emit('say', 'x'.repeat(5000))
    } catch (error) {
      // The client knows the limit, and says so before anything is sent; what comes all the same ends the connection.
      if ((error as { code?: string }).code === 'ERR_FRAME_TOO_LARGE') await here.close()
    }
    await ended
    return 'ended'
  },
  'config.sync': async () => {
    const { server, here } = await pair()
    const order: unknown[] = []
    server.on('step', (data) => order.push(data))
    await here.send('step', 1)
    await here.send('step', 2)
    return order
  },
  'config.maxConnections': async () => {
    const server = await serve({ listen: { maxConnections: 1 } })
    await join(server)
    await opened(server.address).once('connectError')
    return server.peers.length
  },
  'config.silent, logger': async () => {
    const lines: unknown[] = []
    const log = (message: unknown): void => void lines.push(message)
    subscribe('uds.stream.listen', log)
    onTestFinished(() => void unsubscribe('uds.stream.listen', log))
    await listening(`unix:${socketPath()}`)
    return lines.length > 0
  },
  'new IPCModule': async () => {
    const both = await Promise.all([serve(), serve()])
    await until(() => both.every(({ address }) => address !== ''))
    return both.length
  },
}

tryGuide(
  'coming-from-node-ipc.md',
  [{ name: 'node-ipc', version: '14.0.0', main: 'node-ipc.js' }],
  new URL('./node-ipc.theirs.mjs', import.meta.url),
  ours,
  !isWindows,
)

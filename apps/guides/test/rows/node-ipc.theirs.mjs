/** What node-ipc does, row by row of docs/guides/coming-from-node-ipc.md. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '@uds/testkit'
import { onTestFinished } from 'vitest'

/** Resolves with what the first call of an event's listeners gets. */
const next = (emitter, name) =>
  new Promise((resolve) => {
    const once = (...args) => {
      emitter.off(name, once)
      resolve(args)
    }
    emitter.on(name, once)
  })

/** What each client hears until all that was sent to it has come. */
const heard = async (ends, say) => {
  const got = ends.map(() => [])
  ends.forEach(({ here }, index) => here.on('say', (data) => got[index].push(data)))
  say()
  for (const { ipc, here, socket } of ends) {
    const last = next(here, 'last')
    ipc.server.emit(socket, 'last', 1)
    await last
  }
  return got
}

export const rows = ({ IPCModule }) => {
  const make = (root, config) => {
    const ipc = new IPCModule()
    Object.assign(
      ipc.config,
      { silent: true, retry: 10, socketRoot: `${root}/`, secureSocketRoot: false },
      config,
    )
    return ipc
  }
  const serve = async (config, ...where) => {
    const root = tempDir()
    const ipc = make(root, { id: 'world', ...config })
    await new Promise((resolve) => {
      ipc.serve(...where, resolve)
      ipc.server.start()
    })
    onTestFinished(() => ipc.server.stop())
    return { ipc, root }
  }
  const open = (root, config, ...where) => {
    const ipc = make(root, config)
    ipc.connectTo('world', ...where, () => {})
    onTestFinished(() => ipc.disconnect('world'))
    return { ipc, here: ipc.of.world }
  }
  const join1 = async (server, root, config, ...where) => {
    const connected = next(server.server, 'connect')
    const { ipc: client, here } = open(root, config, ...where)
    const ready = next(here, 'connect')
    const [socket] = await connected
    await ready
    return { ipc: server, client, here, socket }
  }
  const pair = async (count = 1, config = {}, clientConfig = {}) => {
    const { ipc, root } = await serve(config)
    const ends = []
    for (let each = 0; each < count; each += 1) ends.push(await join1(ipc, root, clientConfig))
    return { root, ends, ...ends[0] }
  }

  return {
    "ipc.config.id = 'world'; ipc.serve(callback); ipc.server.start()": async () => {
      const { ipc } = await serve()
      return ipc.server.sockets.length
    },
    'ipc.serve(path, ...), ipc.connectTo(id, path)': async () => {
      const path = join(tempDir(), 'a.sock')
      const { ipc, root } = await serve({}, path)
      await join1(ipc, root, {}, path)
      return existsSync(path)
    },
    'ipc.serveNet(host, port, ...), ipc.connectToNet(...)': async () => {
      const ipc = make(tempDir(), { id: 'world' })
      await new Promise((resolve) => {
        ipc.serveNet('127.0.0.1', 0, resolve)
        ipc.server.start()
      })
      onTestFinished(() => ipc.server.stop())
      const { port } = ipc.server.server.address()
      const client = make(tempDir(), {})
      client.connectToNet('world', '127.0.0.1', port)
      onTestFinished(() => client.disconnect('world'))
      await next(client.of.world, 'connect')
      return 'connected'
    },
    "ipc.connectTo('world', callback)": async () => {
      const root = tempDir()
      // The server comes later.
      const { here } = open(root)
      const connected = next(here, 'connect')
      const ipc = make(root, { id: 'world' })
      ipc.serve(() => {})
      ipc.server.start()
      onTestFinished(() => ipc.server.stop())
      await connected
      return 'connected'
    },
    'ipc.of.world.emit(type, data)': async () => {
      const { ipc, here } = await pair()
      const got = next(ipc.server, 'say')
      here.emit('say', { text: 'up' })
      return (await got)[0]
    },
    'ipc.server.emit(socket, type, data)': async () => {
      const { ipc, here, socket } = await pair()
      const got = next(here, 'say')
      ipc.server.emit(socket, 'say', { text: 'down' })
      return (await got)[0]
    },
    'ipc.server.broadcast(type, data)': async () => {
      const { ipc, ends } = await pair(2)
      return heard(ends, () => ipc.server.broadcast('say', 'to all'))
    },
    'a message and an answer by two events': async () => {
      const { ipc, here } = await pair()
      ipc.server.on('double', (input, socket) => ipc.server.emit(socket, 'doubled', input * 2))
      const got = next(here, 'doubled')
      here.emit('double', 21)
      return (await got)[0]
    },
    "ipc.of.world.on('*', (type, data) => ...)": async () => {
      const { ipc, here, socket } = await pair()
      const got = next(here, '*')
      ipc.server.emit(socket, 'surprise', 1)
      return (await got).slice(0, 2)
    },
    'events connect, disconnect of ipc.of.world': async () => {
      const { here, socket } = await pair()
      const seen = []
      const lost = next(here, 'disconnect')
      const back = next(here, 'connect')
      socket.destroy()
      await lost
      seen.push('disconnect')
      await back
      return [...seen, 'connect']
    },
    'event socket.disconnected of the server': async () => {
      const { ipc, client } = await pair()
      const ended = next(ipc.server, 'socket.disconnected')
      client.disconnect('world')
      return (await ended).length > 0
    },
    'event destroy': async () => {
      const { here, socket } = await pair(1, {}, { maxRetries: 0 })
      const ended = next(here, 'destroy')
      socket.destroy()
      await ended
      return 'it is over'
    },
    'event error': async () => {
      const { here } = open(tempDir())
      return (await next(here, 'error'))[0].code
    },
    "ipc.disconnect('world'), ipc.server.stop()": async () => {
      const { ipc, client, root } = await pair()
      const ended = next(ipc.server, 'socket.disconnected')
      client.disconnect('world')
      await ended
      ipc.server.stop()
      return existsSync(join(root, 'app.world'))
    },
    'ipc.config.id of a client, identifyPeer': async () => {
      const { ipc, here } = await pair(1, { identifyPeer: true })
      const got = next(ipc.server, 'say')
      here.emit('say', { id: 'hello' })
      return (await got)[1].id
    },
    'config.retry': async () => {
      const { ipc, root } = await serve()
      const { here } = open(root, { retry: 20 })
      const [socket] = await next(ipc.server, 'connect')
      const again = next(ipc.server, 'connect')
      socket.destroy()
      await again
      return here !== undefined
    },
    'config.maxRetries, stopRetrying': async () => {
      const { here } = open(tempDir(), { maxRetries: 2 })
      let attempts = 0
      here.on('error', () => (attempts += 1))
      await next(here, 'destroy')
      return attempts > 0
    },
    'config.appspace, socketRoot': async () => {
      const { root } = await serve({ appspace: 'mine.' })
      return existsSync(join(root, 'mine.world'))
    },
    "config.rawBuffer, parser: 'raw'": async () => {
      const { ipc, here } = await pair(1, { rawBuffer: true, encoding: 'hex' }, { rawBuffer: true })
      const got = next(ipc.server, 'data')
      here.emit(Buffer.from([1, 2, 255]))
      return [...(await got)[0]]
    },
    "config.parser: 'guarded', maxMessageSize": async () => {
      const { here, socket } = await pair(1, { parser: 'guarded', maxMessageSize: 1024 }, { maxRetries: 0 })
      const ended = new Promise((resolve) => socket.once('close', resolve))
      here.emit('say', 'x'.repeat(5000))
      await ended
      return 'ended'
    },
    'config.sync': async () => {
      const { ipc, here } = await pair(1, {}, { sync: true })
      const order = []
      ipc.server.on('step', (data, socket) => {
        order.push(data)
        ipc.server.emit(socket, 'done', data)
      })
      const both = new Promise((resolve) => {
        let count = 0
        here.on('done', () => {
          count += 1
          if (count === 2) resolve()
        })
      })
      here.emit('step', 1)
      here.emit('step', 2)
      await both
      return order
    },
    'config.maxConnections': async () => {
      const { ipc, root } = await pair(1, { maxConnections: 1 })
      const { here } = open(root, { maxRetries: 0 })
      await next(here, 'disconnect')
      return ipc.server.sockets.length
    },
    'config.silent, logger': async () => {
      const lines = []
      const ipc = make(tempDir(), { silent: false, id: 'world', logger: (line) => lines.push(line) })
      await new Promise((resolve) => {
        ipc.serve(resolve)
        ipc.server.start()
      })
      ipc.server.stop()
      return lines.length > 0
    },
    'new IPCModule': async () => {
      const both = await Promise.all([serve({ id: 'one' }), serve({ id: 'two' })])
      return both.length
    },
  }
}

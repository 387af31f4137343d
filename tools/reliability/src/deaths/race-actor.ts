/** `race-actor.ts [ADDRESS, DOOR]`: at each line `go` tries to become the server of an address by this door. */
import { createInterface } from 'node:readline'
import { EventNode, EventServer, LineServer } from '@uds/events'
import { UnixListener } from '@uds/pipes'
import { listen, listenOrConnect } from '@uds/stream'

const [path, door] = JSON.parse(process.argv[2] ?? '') as [string, string]
const address = `unix:${path}`

type Close = () => unknown

/** Resolves with what ends the server, or undefined when another one serves. */
const doors: Record<string, () => Promise<Close | undefined> | Close> = {
  listen: async () => {
    const listener = await listen(address)
    return () => listener.close({ graceMs: 0 })
  },
  'listen with a mode': async () => {
    const listener = await listen(address, { mode: 0o600 })
    return () => listener.close({ graceMs: 0 })
  },
  pipes: () => {
    const listener = UnixListener.bind(path)
    return () => listener.close()
  },
  events: async () => {
    const server = await EventServer.listen(address)
    return () => server.close({ graceMs: 0 })
  },
  lines: async () => {
    const server = new LineServer({ path, logger: false })
    await server.run()
    return () => server.shutdown()
  },
  'listen or connect': async () => {
    const found = await listenOrConnect(address)
    if (found.role === 'server') return () => found.listener.close({ graceMs: 0 })
    found.connection.destroy()
    return undefined
  },
  node: async () => {
    const node = await EventNode.join(address)
    if (node.role === 'server') return () => node.close()
    await node.close()
    return undefined
  },
}

let close: Close | undefined
createInterface({ input: process.stdin }).on('line', (line) => {
  void (async () => {
    if (line === 'end') {
      await close?.()
      close = undefined
      console.log('ended')
      return
    }
    try {
      close = await doors[door]?.()
      console.log(close === undefined ? 'lost' : 'won')
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      console.log(code === 'EADDRINUSE' ? 'lost' : `failed ${code}: ${message}`)
    }
  })()
})
console.log('ready')

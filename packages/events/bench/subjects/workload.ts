// One end of a work of `builds.ts`: server or client of the build in a folder, or of node:net.
//   node subjects/workload.ts <role> <folder | net> <work> <count> <path>
import { createServer, connect as netConnect, type Socket } from 'node:net'
import { join } from 'node:path'

const [role, build, work, counted, path] = process.argv.slice(2) as [string, string, string, string, string]
const [kind, given] = work.split(':') as [string, string | undefined]
const size = Number(given ?? 64)
const count = Number(counted)
const tell = (what: string): void => void process.send?.(what)
const go = new Promise((resolve) => process.once('message', resolve))
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const messages: Readonly<Record<string, () => unknown>> = {
  text: () => 'x'.repeat(size),
  bytes: () => Buffer.alloc(size, 7),
  objects: () =>
    Array.from({ length: size }, (_, at) => ({
      id: at,
      name: `user number ${at}`,
      ok: true,
      at: 1.7e9 + at,
    })),
}
const message = messages[kind]?.() ?? 'x'.repeat(64)

const counter = (): (() => void) => {
  let left = count
  return () => {
    if (--left === 0) tell('done')
  }
}

type Events = typeof import('../../src/index.ts')
const ours = async (): Promise<void> => {
  const { EventServer, EventClient } = (await import(join(build, 'packages/events/src/index.ts'))) as Events
  if (role === 'server') {
    const server = await EventServer.listen(`unix:${path}`)
    if (kind !== 'send') server.on('message', counter())
    else server.on('message', () => {})
    server.handle('echo', (input) => input)
    tell('ready')
    if (kind !== 'broadcast') return
    await go
    for (let at = 0; at < count / size; at++) {
      if (!server.broadcast('message', message)) await turn()
      await turn()
    }
    return
  }
  const client = await EventClient.connect(`unix:${path}`)
  if (kind === 'broadcast') {
    const all = [client]
    while (all.length < size) all.push(await EventClient.connect(`unix:${path}`))
    const arrived = counter()
    for (const each of all) each.on('message', arrived)
  }
  tell('ready')
  await go
  if (kind === 'request' || kind === 'send') {
    let left = count
    const one = async (): Promise<void> => {
      while (left-- > 0) await client.request('echo', message)
    }
    if (kind === 'request') await Promise.all(Array.from({ length: size }, one))
    else {
      for (let at = 0; at < count; at += size) {
        const all: Promise<void>[] = []
        for (let each = 0; each < size; each++) all.push(client.send('message', message))
        await Promise.all(all)
      }
    }
    tell('done')
  } else if (kind === 'connect') {
    for (let at = 0; at < count; at++) await (await EventClient.connect(`unix:${path}`)).close()
    tell('done')
  } else if (kind !== 'broadcast') {
    for (let at = 0; at < count; at++) if (!client.emit('message', message)) await client.once('drain')
  }
}

/** The same by node:net, each message a write of as many bytes. */
const net = async (): Promise<void> => {
  const bytes = Buffer.alloc(kind === 'text' || kind === 'bytes' ? size + 10 : 74, 120)
  const isOneWay = kind === 'text' || kind === 'bytes'
  const arrivals = (): ((length: number) => void) => {
    let left = count * bytes.length
    return (length) => {
      left -= length
      if (left === 0) tell('done')
    }
  }
  if (role === 'server') {
    const clients: Socket[] = []
    const arrived = arrivals()
    const server = createServer((socket) => {
      clients.push(socket)
      socket.on('data', (chunk) => {
        if (isOneWay) arrived(chunk.length)
        else socket.write(chunk)
      })
    })
    server.listen(path, () => tell('ready'))
    if (kind !== 'broadcast') return
    await go
    for (let at = 0; at < count / size; at++) {
      for (const client of clients) client.write(bytes)
      await turn()
    }
    return
  }
  const open = (onData: (length: number) => void): Promise<Socket> =>
    new Promise((resolve) => {
      const onread = {
        buffer: Buffer.alloc(65_536),
        callback: (length: number): boolean => {
          onData(length)
          return true
        },
      }
      const socket = netConnect({ path, onread }, () => resolve(socket))
    })
  let answered: (length: number) => void = () => {}
  const arrived = arrivals()
  const client = await open((length) => (kind === 'broadcast' ? arrived(length) : answered(length)))
  if (kind === 'broadcast') for (let at = 1; at < size; at++) await open(arrived)
  tell('ready')
  await go
  if (isOneWay) {
    for (let at = 0; at < count; at++) {
      if (!client.write(bytes)) await new Promise((resolve) => client.once('drain', resolve))
    }
  } else if (kind === 'request') {
    let left = count
    await new Promise<void>((resolve) => {
      answered = () => {
        if (--left === 0) resolve()
        else client.write(bytes)
      }
      client.write(bytes)
    })
    tell('done')
  } else if (kind === 'connect') {
    for (let at = 0; at < count; at++) {
      const socket = await open(() => {})
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.end()
      await closed
    }
    tell('done')
  }
}

await (build === 'net' ? net() : ours())

// What idle connections cost in memory: KiB of resident memory at the server, and at the clients' process. The variant: `net`,
// `stream`, `events`. The count is connections.
import { once } from 'node:events'
import { connect as connectNet, createServer } from 'node:net'
import type * as Events from '@uds/events'
import type * as Stream from '@uds/stream'
import { job, load, ready } from './subject.ts'

const { role, address, count, variant } = job()

const resident = async (): Promise<number> => {
  for (let at = 0; at < 4; at++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return process.memoryUsage().rss / 1024
}

const kept: unknown[] = []
const serve = async (): Promise<void> => {
  const opened = Promise.withResolvers<void>()
  let left = count
  const take = (connection: unknown): void => {
    kept.push(connection)
    if (--left === 0) opened.resolve()
  }
  if (variant === 'net') createServer(take).listen(address)
  else if (variant === 'stream') {
    const { listen } = (await load('stream')) as typeof Stream
    const server = await listen(`unix:${address}`)
    server.on('connection', take)
  } else {
    const { EventServer } = (await load('events')) as typeof Events
    const server = await EventServer.listen(`unix:${address}`)
    server.on('connection', take)
  }
  const before = await resident()
  ready()
  await opened.promise
  const perClient = ((await resident()) - before) / count
  process.stdout.write(`${JSON.stringify({ kib: perClient })}\n`)
}

const dial = async (): Promise<unknown> => {
  if (variant === 'events') {
    const { EventClient } = (await load('events')) as typeof Events
    return await EventClient.connect(`unix:${address}`)
  }
  const socket = connectNet(address)
  await once(socket, 'connect')
  return socket
}

if (role === 'server') await serve()
else {
  for (let at = 0; at < count; at++) kept.push(await dial())
  ready()
}

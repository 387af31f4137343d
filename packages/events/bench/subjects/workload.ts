// One end of a work of `builds.ts`: server or client of the build in a folder, or of node:net.
//   node subjects/workload.ts <role> <folder | net> <work> <count> <path>
import { join } from 'node:path'
import { build, count, go, kind, path, role, size, tell, turn } from './work.ts'
import type * as Events from '../../src/index.ts'

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

const ours = async (): Promise<void> => {
  const { EventServer, EventClient } = (await import(
    join(build, 'packages/events/src/index.ts')
  )) as typeof Events
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

if (build === 'net') await (await import('./workload-net.ts')).play()
else await ours()

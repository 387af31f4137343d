/** docs/guides/coming-from-child-process.md */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { EventServer } from '@uds/events'
import type { AnyMap, CodecName, ServerPeer } from '@uds/events'
import { isWindows, spawnScript, until } from '@uds/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { tryGuide, type Rows } from './guide-rows.ts'

const posix = !isWindows

interface Family {
  readonly server: EventServer
  readonly child: ChildProcess
  readonly peer: ServerPeer<AnyMap>
}

const start = async (codec: CodecName = 'json'): Promise<Family> => {
  const server = EventServer.detached()
  const file = fileURLToPath(new URL('./child-process.child.ts', import.meta.url))
  const child = spawn(process.execPath, [file, codec], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  onTestFinished(async () => {
    await server.close({ graceMs: 0 })
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'))
      await once(child, 'exit')
  })
  server.accept(child.stdio[3] as Duplex)
  const [peer] = await server.once('connection')
  return { server, child, peer }
}

/** Sends an event; what the child says next. */
const ask = async ({ server, peer }: Family, data: unknown): Promise<unknown> => {
  const answer = server.once('echoed')
  peer.emit('echo', data)
  return (await answer)[0]
}

const ours: Rows = {
  'fork(file)': async () => (await start()).peer.connected,
  "child.send(message), process.on('message', ...)": async () => ask(await start(), 'down'),
  "process.send(message), child.on('message', ...)": async () => ask(await start(), 'up'),
  'an answer, by an id of yours': async () => {
    const { peer } = await start()
    return Promise.all([1, 2, 3].map((input) => peer.request('double', input)))
  },
  'child.send(message, callback)': async () => {
    const { peer } = await start()
    await peer.send('echo', 1)
    return 'sent'
  },
  "serialization: 'advanced'": async () => {
    const got = (await ask(await start('structuredClone'), new Map([[1, new Date(0)]]))) as Map<number, Date>
    return [got instanceof Map, got.get(1)?.getTime()]
  },
  'child.disconnect()': async () => {
    const { child, peer } = await start()
    const exit = once(child, 'exit')
    peer.disconnect()
    return ((await exit) as unknown[])[0]
  },
  "child.on('disconnect', ...)": async () => {
    const { server, peer } = await start()
    const ended = server.once('disconnect')
    peer.emit('leave')
    await ended
    return peer.connected
  },
  'child.connected': async () => {
    const { server, child, peer } = await start()
    const before = peer.connected
    const ended = server.once('disconnect')
    child.kill('SIGKILL')
    await ended
    return [before, peer.connected]
  },
  'process.channel.unref()': async () => {
    const { child, peer } = await start()
    const exit = once(child, 'exit')
    peer.emit('unref')
    return ((await exit) as unknown[])[0]
  },
  'child.send(...) returned false': async () => {
    const { peer } = await start()
    const text = 'x'.repeat(1024 * 1024)
    for (let each = 0; each < 100; each += 1) if (!peer.emit('echo', text)) return 'enough'
    return 'never'
  },
}

tryGuide(
  'coming-from-child-process.md',
  [],
  new URL('./child-process.theirs.mjs', import.meta.url),
  ours,
  posix,
)

test.runIf(posix)('a child that was killed leaves peers', async () => {
  const { server, child, peer } = await start()
  expect(server.peers).toEqual([peer])
  child.kill('SIGKILL')
  await until(() => server.peers.length === 0)
})

test.runIf(posix)('the parent and the child of the guide', async () => {
  const parent = spawnScript(new URL('../../src/parent.ts', import.meta.url))
  expect(await parent.exit).toEqual({ code: 0, signal: null })
  expect(parent.stdout()).toBe('100 %\nthe sum is 6\n')
})

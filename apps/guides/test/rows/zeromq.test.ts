/** docs/guides/coming-from-zeromq.md */
import { EventClient, EventServer } from '@uds/events'
import { freshName, socketPath } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { onTestFinished } from 'vitest'
import { pair, serve } from './ends.ts'
import { tryGuide, type Rows } from './guide-rows.ts'

/** A server and a client at an address; how many ends that makes. */
const joinedAt = async (address: string): Promise<number> => {
  const server = await EventServer.listen(address)
  onTestFinished(() => server.close({ graceMs: 0 }))
  const client = await EventClient.connect(server.address)
  onTestFinished(() => client.close({ graceMs: 0 }))
  return [server, client].length
}

const ours: Rows = {
  'Reply, Request': async () => {
    const { server, here } = await pair()
    server.handle('echo', (input) => input)
    return [await here.request('echo', 'x')]
  },
  'Router, Dealer: many requests at once': async () => {
    const { server, here } = await pair()
    const asked: (() => void)[] = []
    server.handle('shout', async (input) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      asked.push(resolve)
      // Answered in another order than asked.
      if (asked.length === 3) for (const answer of asked.toReversed()) answer()
      await promise
      return `${String(input)}!`
    })
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => here.request('shout', text)))
    return answers.map(String).toSorted()
  },
  'Publisher, Subscriber': async () => {
    const { server, here } = await pair(1, { joinable: () => true })
    const got = here.once('hello')
    await here.join('news')
    server.to('sport').emit('hello', '1:0')
    server.to('news').emit('hello', 'hello')
    return (await got).slice(0, 1)
  },
  'Push to one Pull': async () => {
    const { server, here } = await pair()
    const got: unknown[] = []
    server.on('job', (data) => got.push(data))
    await Promise.all(['1', '2', '3'].map((text) => here.send('job', text)))
    return got
  },
  'Push to many Pulls': async () => {
    const { server } = await pair()
    const done: unknown[] = []
    const queue = server.work('job')
    for (let each = 0; each < 2; each++) {
      const worker = await EventClient.connect(server.address)
      onTestFinished(() => worker.close({ graceMs: 0 }))
      worker.work('job', (data) => done.push(data))
    }
    const jobs = await Promise.all(['1', '2', '3', '4'].map((text) => queue.push(text)))
    await Promise.all(jobs.map((job) => job.done))
    return done.map(String).toSorted()
  },
  Pair: async () => {
    const { server, here, peer } = await pair()
    const [down, up] = [here.once('say'), server.once('say')]
    peer.emit('say', 'down')
    here.emit('say', 'up')
    return [(await down)[0], (await up)[0]]
  },
  'for await (const [message] of socket)': async () => {
    const { server, here } = await pair()
    const events = server.events('job')
    here.emit('job', 'first')
    const got: unknown[] = []
    for await (const { data } of events) {
      got.push(data)
      break
    }
    return got
  },
  'ipc:///run/x.sock': () => joinedAt(`unix:${socketPath()}`),
  'ipc://@name (Linux)': () => joinedAt(`unix:@${freshName()}`),
  'tcp://127.0.0.1:*': () => joinedAt('tcp:127.0.0.1:0'),
  'inproc://x': () => joinedAt(`memory:${freshName()}`),
  'connect before bind': async () => {
    const address = `unix:${socketPath()}`
    const client = EventClient.open(address)
    onTestFinished(() => client.close({ graceMs: 0 }))
    const got: unknown[] = []
    const sent = client.send('job', 'early')
    const server = await EventServer.listen(address, {
      setUp: (made) => {
        made.on('job', (data) => got.push(data))
      },
    })
    onTestFinished(() => server.close({ graceMs: 0 }))
    await sent
    return got
  },
  routingId: async () => (await pair(1, {}, { name: 'sensor-7' })).peer.name,
  receiveTimeout: async () => {
    const { server, here } = await pair()
    server.handle('ask', () => new Promise(() => {}))
    return here.request('ask', undefined, { timeoutMs: 20 }).then(
      () => 'answered',
      (error: unknown) => ((error as { code: string }).code === 'ETIMEDOUT' ? 'too late' : error),
    )
  },
  sendHighWaterMark: async () => {
    const offline = { limit: 1, policy: 'fail' } as const
    const client = EventClient.open(`memory:${freshName()}`, { offline })
    onTestFinished(() => client.close({ graceMs: 0 }))
    client.send('job', 'one').catch(() => {})
    return client.send('job', 'two').then(
      () => 'taken',
      (error: unknown) => ((error as { code: string }).code === 'ERR_QUEUE_FULL' ? 'full' : error),
    )
  },
  'a message of several frames': async () => {
    const { server, here } = await pair(1, {}, { codec: 'structuredClone' })
    const got = server.once('job')
    here.emit('job', [Buffer.from([1]), Buffer.from([2, 255])])
    return ((await got)[0] as Uint8Array[]).map((frame) => [...frame])
  },
  'socket.events': async () => {
    const server = await serve()
    const client = EventClient.open(server.address)
    onTestFinished(() => client.close({ graceMs: 0 }))
    await client.once('connect')
    return 'connected'
  },
  'linger, close()': async () => {
    const { server, here } = await pair()
    const got = server.once('job')
    here.emit('job', 'last words')
    await here.close()
    return (await got).slice(0, 1)
  },
}

tryGuide(
  'coming-from-zeromq.md',
  [{ name: 'zeromq', version: '6.8.0', main: 'lib/index.js' }],
  new URL('./zeromq.theirs.mjs', import.meta.url),
  ours,
  capabilities().system !== 'win32',
)

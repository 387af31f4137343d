/** Hostile clients of an EventServer, and hostile servers of an EventClient. */
import { duplexPair, type Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { EventClient, EventServer } from '@uds/events'
import { memory, type Transport } from '@uds/stream'
import { listed } from '../deaths/history.ts'
import type { Outcome, Run, Trial } from '../trials/trial.ts'
import { escapes } from './escaped.ts'
import { framesOf, mutateBytes, mutateFrames } from './mutate.ts'

const PREAMBLE = 8
/** The fourth, structuredClone, is only for processes of the same user. */
const CODECS = ['json', 'msgpack', 'raw'] as const
type CodecName = (typeof CODECS)[number]

/** A transport over the stream that a function makes. */
const over = (make: () => Duplex): Transport => ({ ...memory, connect: async () => make() })

const quiet = (stream: Duplex): Duplex => stream.on('error', () => {})

/** Collects what is written into one end of a pair. */
const recorded = (stream: Duplex): { readonly stream: Duplex; bytes(): Buffer } => {
  const chunks: Buffer[] = []
  const { write } = stream
  stream.write = ((chunk: Buffer, ...rest: never[]) => {
    chunks.push(Buffer.from(chunk))
    return Reflect.apply(write, stream, [chunk, ...rest])
  }) as typeof write
  return { stream, bytes: () => Buffer.concat(chunks) }
}

const setUp = (server: EventServer): void => {
  server.on('error', () => {})
  server.on('say', () => {})
  server.handle('double', (input) => Number(input) * 2)
  server.handle('count', async function* () {
    yield 'one'
    await turn()
    yield 'two'
  })
  server.handle('sum', async (input) => {
    let sum = 0
    for await (const each of input as AsyncIterable<unknown>) sum += String(each).length
    return sum
  })
}

const serve = (): EventServer => {
  const server = EventServer.detached({ joinable: () => true, visible: () => true, forwardable: () => true })
  setUp(server)
  return server
}

/** What an honest client and an honest server say to each other, in bytes. */
const conversation = async (
  codec: CodecName,
): Promise<{ readonly client: Buffer; readonly server: Buffer }> => {
  const [near, far] = duplexPair()
  const [from, to] = [recorded(near), recorded(far)]
  const server = serve()
  server.accept(to.stream)
  const client = await EventClient.connect('memory:x', {
    transport: over(() => from.stream),
    codec,
    name: 'honest',
  })
  client.on('error', () => {})
  client.on('news', () => {})
  client.handle('back', () => 'there')
  const data = codec === 'raw' ? Buffer.from('x') : 21
  client.emit('say', data)
  await client.send('say', data)
  await client.request('double', data).catch(() => {})
  for await (const each of client.stream('count', data)) void each
  await client
    .request(
      'sum',
      (async function* () {
        yield Buffer.from('y')
      })() as never,
    )
    .catch(() => {})
  await client.join('red').catch(() => {})
  await client.leave('red').catch(() => {})
  server.broadcast('news', data)
  await server.peers[0]?.request('back', data).catch(() => {})
  await client.ping()
  await client.close()
  await server.close()
  return { client: from.bytes(), server: to.bytes() }
}

const EVERY = 200
const ATTACKS = 20_000

const attack = (stream: Duplex, bytes: Buffer, { random }: Run): number => {
  const head =
    random.next() < 0.05 ? mutateBytes(bytes.subarray(0, PREAMBLE), random) : bytes.subarray(0, PREAMBLE)
  // The first frame is left alone most of the time: behind it there is more to break.
  const [hello, ...rest] = framesOf(bytes.subarray(PREAMBLE)) as [Buffer, ...Buffer[]]
  const first = random.next() < 0.8 ? [hello] : []
  const frames = [...first, ...mutateFrames(first.length > 0 ? rest : [hello, ...rest], random)]
  const all = Buffer.concat([head, ...frames])
  const cut = random.between(0, all.length)
  stream.write(all.subarray(0, cut))
  stream.write(all.subarray(cut))
  return frames.length
}

const result = (frames: number, attacks: number, problems: readonly string[]): Outcome => ({
  tried: attacks,
  counts: `${attacks} hostile conversations, ${frames} frames`,
  problems: [...new Set(problems)].slice(0, 5),
})

/** An honest client of the same server is answered all the while, and no session of a hostile one stays connected. */
export const hostileClients: Trial = {
  run: async (run) => {
    const problems: string[] = []
    let frames = 0
    const attacks = ATTACKS * run.scale
    for (const codec of CODECS) {
      const { client: bytes } = await conversation(codec)
      const server = serve()
      const [near, far] = duplexPair()
      server.accept(far)
      const honest = await EventClient.connect('memory:x', {
        transport: over(() => near),
        requestTimeoutMs: 10_000,
      })
      honest.on('error', () => {})
      const escaped = await escapes(async () => {
        for (let done = 1; done <= attacks / CODECS.length; done += 1) {
          const [mine, its] = duplexPair().map(quiet) as [Duplex, Duplex]
          mine.resume()
          server.accept(its)
          frames += attack(mine, bytes, run)
          await turn()
          if (run.random.next() < 0.5) mine.end()
          else for (const each of [mine, its]) each.destroy()
          if (done % EVERY === 0 && (await honest.request('double', done)) !== done * 2)
            problems.push('an honest client got a wrong reply')
        }
      })
      problems.push(...listed('escaped', escaped))
      for (let waited = 0; waited < 500 && server.peers.length > 1; waited += 1) await turn()
      if (server.peers.length !== 1) problems.push(`${server.peers.length} clients are connected, not 1`)
      await honest.close()
      await server.close({ graceMs: 0 })
    }
    return result(frames, attacks, problems)
  },
}

/** A client of a hostile server does not break: it says why it failed, or what it got, and can be closed. */
export const hostileServers: Trial = {
  run: async (run) => {
    const problems: string[] = []
    let frames = 0
    const attacks = ATTACKS * run.scale
    for (const codec of CODECS) {
      const { server: bytes } = await conversation(codec)
      const escaped = await escapes(async () => {
        for (let done = 1; done <= attacks / CODECS.length; done += 1) {
          const [mine, its] = duplexPair().map(quiet) as [Duplex, Duplex]
          its.resume()
          frames += attack(its, bytes, run)
          its.end()
          try {
            const client = await EventClient.connect('memory:x', {
              transport: over(() => mine),
              codec,
              reconnect: false,
            })
            client.on('error', () => {})
            client.on('news', () => {})
            client.handle('back', () => 'there')
            void client.send('say', Buffer.from('x')).catch(() => {})
            void client.request('double', Buffer.from('x'), { timeoutMs: 1000 }).catch(() => {})
            await turn()
            its.destroy()
            mine.destroy()
            await client.close({ graceMs: 0 })
          } catch (error) {
            if (typeof (error as { code?: unknown }).code !== 'string')
              problems.push(`an error without a code: ${String(error)}`)
          }
          its.destroy()
          mine.destroy()
        }
      })
      problems.push(...listed('escaped', escaped))
    }
    return result(frames, attacks, problems)
  },
}

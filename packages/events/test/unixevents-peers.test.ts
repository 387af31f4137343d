// Both ends are not always ours: peers that know nothing but the published format.
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { memory } from '@uds/stream'
import { needs, spawnProgram, spawnScript } from '@uds/testkit'
import type { Spawned } from '@uds/testkit'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Linker } from '../src/unixevents/index.ts'
import { ClientRole } from '../src/unixevents/client-role.ts'
import { linkerSettings } from '../src/unixevents/options.ts'
import { FrameEncoder } from '../src/unixevents/frames/frame-encoder.ts'
import { canSeeUnread, namedPipes } from '../src/unixevents/channel/platform.ts'
import { Channel, received } from './fixtures/test-channel.ts'
import { eventually } from './eventually.ts'

const python = needs('python3')
const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url)

const values: readonly unknown[] = [
  'text',
  '',
  'Unicode: é 你好 😀 \0 " \\ \n',
  'a;;b;;;',
  '{not json',
  { a: 1, 'b;;': [1, 'two', { c: null }] },
  {},
  [1, 'two', { b: 2 }, null],
  [],
  42,
  -1.5,
  0,
  true,
  false,
  null,
]

const peer = async (role: 'server' | 'client', channel: Channel): Promise<Spawned> => {
  const spawned = spawnProgram(python.path, [fixture('unixevents_peer.py').pathname, role, channel.path])
  await spawned.waitForLine(role === 'server' ? /^listening$/ : /^ready$/)
  return spawned
}
const tell = (program: Spawned, event: string, payload: unknown): void => {
  program.process.stdin?.write(`${JSON.stringify([event, payload])}\n`)
}
const heard = (program: Spawned): unknown[] =>
  program
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('['))
    .map((line) => JSON.parse(line) as unknown)

const exchange = async (linker: Linker, program: Spawned): Promise<void> => {
  const fromPython = received(linker, 'to ours', values.length)
  for (const value of values) tell(program, 'to ours', value)
  expect(await fromPython).toEqual(values)
  for (const value of values) expect(await linker.sendSync('to python', value)).toBe(true)
  await eventually(() => expect(heard(program)).toHaveLength(values.length))
  expect(heard(program).map((item) => (item as unknown[])[1])).toEqual(values)
  const kinds = heard(program).map((item) => (item as unknown[])[2])
  expect(kinds).toEqual([
    ...Array.from({ length: 9 }, () => 'str'),
    'int',
    'float',
    'int',
    'bool',
    'bool',
    'str',
  ])
}

describe.skipIf(python.missing || namedPipes)('a program in Python that follows the published format', () => {
  test('as a client exchanges every type with our server, and leaves gently', async () => {
    const channel = new Channel()
    const server = await channel.server()
    const program = await peer('client', channel)
    await exchange(server, program)
    program.process.stdin?.write('end\n')
    await program.waitForLine(/^ended$/)
    expect(await program.exit).toEqual({ code: 0, signal: null })
    await eventually(() => expect(server.connections).toBe(0))
    expect(server.lastError).toBeUndefined()
  })

  test('as a server exchanges every type with our client, which leaves gently', async () => {
    const channel = new Channel()
    const program = await peer('server', channel)
    const client = await channel.client()
    await exchange(client, program)
    await client.close()
    await program.waitForLine(/^ended$/)
    program.process.stdin?.end()
    expect(await program.exit).toEqual({ code: 0, signal: null })
    expect(client.lastError).toBeUndefined()
  })

  test('writes NaN, which is null here, and a frame of a megabyte, which arrives', async () => {
    const channel = new Channel()
    const server = await channel.server()
    const program = await peer('client', channel)
    const got = received(server, 'e', 2)
    program.process.stdin?.write('["e", [NaN, Infinity]]\n')
    tell(program, 'e', 'é'.repeat(100_000))
    expect(await got).toEqual([[null, Infinity], 'é'.repeat(100_000)])
  })
})

describe.skipIf(namedPipes)('a receiver that reads as JavaScript 1.5.2 does', () => {
  test.runIf(canSeeUnread)(
    'loses none of a burst of 20,000, of which one plain write loses many',
    async () => {
      const counts: number[] = []
      for (const how of ['linker', 'plain'] as const) {
        const channel = new Channel()
        const old = spawnScript(fixture('old-receiver.ts'), [channel.path])
        await old.waitForLine(/listening/)
        if (how === 'linker') {
          const client = await channel.client()
          for (let n = 0; n < 20_000; n++) expect(client.send('m', 'x'.repeat(64))).toBe(true)
          await client.close()
        } else {
          const frame = new FrameEncoder('c-').encode('m', 'x'.repeat(64))
          const socket = createConnection(channel.path).end(frame.repeat(20_000))
          onTestFinished(() => void socket.destroy())
        }
        const [, count = ''] = await old.waitForLine(/received (\d+) of m/)
        counts.push(Number(count))
      }
      expect(counts[0]).toBe(20_000)
      expect(counts[1]).toBeLessThan(20_000)
    },
  )

  test('never has more than 32 KiB to read, of whole frames, and a larger frame alone', async () => {
    const channel = new Channel()
    const frame = new FrameEncoder('c-').encode('m', 'x'.repeat(64))
    const bursts: number[] = []
    let bytes = 0
    const server = createServer((socket) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length
        bursts.push(chunk.length)
      })
      onTestFinished(() => void socket.destroy())
    })
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => void server.listen(channel.path, resolve))
    const client = await channel.client()
    const big = new FrameEncoder('c-').encode('m', 'x'.repeat(60_000 - 40))
    for (let n = 0; n < 2000; n++) client.send('m', 'x'.repeat(64))
    client.send('m', 'x'.repeat(60_000 - 40))
    expect(await client.sendSync('m', 'x'.repeat(64))).toBe(true)
    await eventually(() => expect(bytes).toBe(frame.length * 2001 + big.length))
    for (const size of bursts) {
      if (size !== big.length) {
        expect(size).toBeLessThanOrEqual(32 * 1024)
        expect(size % frame.length).toBe(0)
      }
    }
    expect(bursts).toContain(big.length)
  })
})

describe.skipIf(namedPipes)('two of ours under a load that never ends', () => {
  test('find out about each other in band, and stop pacing', async () => {
    const { server, client } = await new Channel().pair({ maxQueueBytes: 64 * 1024 * 1024 })
    const count = 80_000
    const seen = vi.fn<(data: unknown) => void>()
    server.receive('$uds', seen)
    const order: boolean[] = []
    let next = 0
    const all = new Promise<void>((resolve) => {
      server.receive('n', (n) => {
        order.push((n as { n: number }).n === next++)
        if (next === count) resolve()
      })
    })
    for (let n = 0; n < count; n++) expect(client.send('n', { n, text: 'x'.repeat(64) })).toBe(true)
    await all
    expect(order.every(Boolean)).toBe(true)
    expect(seen).not.toHaveBeenCalled()
  })
})

describe.skipIf(namedPipes)('bytes that are no frames', () => {
  test.each([
    ['garbage', 'GET / HTTP/1.1\r\n\r\n', 'ERR_PROTOCOL'],
    ['a frame without an end', `{"event":"c-e","payload":"${'x'.repeat(5000)}`, 'ERR_FRAME_TOO_LARGE'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff]), 'ERR_PROTOCOL'],
  ])(
    '%s: the connection is closed with a reason that both ends can read, and nobody else notices',
    async (_, bytes, code) => {
      const channel = new Channel()
      const { server, client } = await channel.pair({ maxFrameBytes: 1000 })
      const socket = createConnection(channel.path)
      onTestFinished(() => void socket.destroy())
      let text = ''
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      socket.write(bytes)
      await new Promise((resolve) => socket.once('end', resolve))
      expect(server.lastError).toMatchObject({ code })
      const { event, payload } = JSON.parse(text.slice(0, -2)) as { event: string; payload: string }
      expect(event).toBe('s-$uds')
      expect(server.lastError?.message).toContain((JSON.parse(payload) as { closed: string }).closed)
      const got = received(server, 'e')
      client.send('e', 'well')
      expect(await got).toEqual(['well'])
      expect(server.connections).toBe(1)
    },
  )

  test('one bad frame is reported and skipped, and the connection stays', async () => {
    const channel = new Channel()
    const server = await channel.server()
    const socket = createConnection(channel.path)
    onTestFinished(() => void socket.destroy())
    const got = received(server, 'e')
    socket.write('{bad};;{"event":"s-own","payload":1};;{"event":"c-e","payload":2};;')
    expect(await got).toEqual([2])
    expect(server.lastError).toMatchObject({ code: 'ERR_BAD_PAYLOAD' })
  })

  test('our client reads why our server has closed it, and connects again', async () => {
    const channel = new Channel()
    const server = await channel.server({ maxFrameBytes: 1000 })
    const client = await channel.client()
    const errors: Error[] = []
    client.onError = (error) => errors.push(error)
    client.send('e', 'x'.repeat(2000))
    await eventually(() => expect(errors).toContainEqual(expect.objectContaining({ code: 'ERR_CLOSED' })))
    const got = received(server, 'e')
    await eventually(() => expect(server.connections).toBe(1))
    client.send('e', 'small')
    expect(await got).toEqual(['small'])
  })
})

describe('reconnecting', () => {
  test('a client finds a server that was started again, and nothing that was sent meanwhile is lost', async () => {
    const channel = new Channel()
    const first = await channel.server()
    const client = await channel.client()
    for (let round = 0; round < 5; round++) {
      const server = round === 0 ? first : await channel.server()
      await eventually(() => expect(server.connections).toBe(1))
      const got = received(server, 'e')
      client.send('e', `live ${round}`)
      expect(await got).toEqual([`live ${round}`])
      await server.close()
      await eventually(() => expect(client.connections).toBe(0))
      const sent = client.sendSync('held', round)
      const next = await channel.server()
      const late = received(next, 'held')
      expect([await sent, await late]).toEqual([true, [round]])
      await next.close()
      await eventually(() => expect(client.connections).toBe(0))
    }
  })

  test('a server that ends every connection at once is asked less and less often', async () => {
    const channel = new Channel()
    const times: number[] = []
    const enough = Promise.withResolvers<void>()
    const server = createServer((socket) => {
      times.push(performance.now())
      socket.on('error', () => {}).end()
      if (times.length === 6) enough.resolve()
    })
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => void server.listen(channel.path, resolve))
    const client = channel.linker({ maxHeldBytes: 1000 })
    await client.init('client', channel.name)
    await enough.promise
    // 5 to 10 ms, and then twice that, five times: 155 ms at least.
    expect((times[5] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(100)
  })
})

describe('threads', () => {
  test('5 workers with 10 sends each: all 50 arrive', async () => {
    const channel = new Channel()
    const server = await channel.server()
    const got = received(server, 'from worker', 50)
    const file = new URL(`./fixtures/unixevents-worker${extname(import.meta.url)}`, import.meta.url)
    const exits = Array.from({ length: 5 }, (_, id) => {
      const worker = new Worker(file, {
        workerData: { channel: channel.name, directory: channel.directory, id },
        execArgv: ['--disable-warning=ExperimentalWarning'],
      })
      return new Promise((resolve, reject) => {
        worker.once('exit', resolve)
        worker.once('error', reject)
      })
    })
    expect(await Promise.all(exits)).toEqual([0, 0, 0, 0, 0])
    const sent = Array.from({ length: 50 }, (_, index) => `${Math.floor(index / 10)} ${index % 10}`)
    const arrived = (await got).map((data) => {
      const { id, n } = data as { id: number; n: number }
      return `${id} ${n}`
    })
    expect(arrived.sort()).toEqual(sent.sort())
  })
})

describe.skipIf(namedPipes)('the socket file', () => {
  test('of a server that has died is replaced', async () => {
    const channel = new Channel()
    const dead = spawnScript(fixture('closing-server.ts'), [channel.name, channel.directory])
    await dead.waitForLine(/open/)
    await dead.kill()
    expect(existsSync(channel.path)).toBe(true)
    const { server, client } = await channel.pair()
    const got = received(server, 'e')
    client.send('e', 1)
    expect(await got).toEqual([1])
  })

  test('is never made in place of a file or a directory', async () => {
    const channel = new Channel()
    writeFileSync(channel.path, 'mine')
    const server = channel.linker()
    expect(await server.init('server', channel.name)).toBe(false)
    expect(server.lastError).toMatchObject({ code: 'EADDRINUSE' })
    mkdirSync(`${channel.directory}/other.sock`)
    expect(await server.init('server', 'other')).toBe(false)
    expect(existsSync(channel.path)).toBe(true)
  })

  test('needs a directory that is there, and the right to use it', async () => {
    const server = new Channel().linker({ directory: '/nonexistent' })
    expect(await server.init('server', 'x')).toBe(false)
    expect(server.lastError).toMatchObject({ code: 'ENOENT' })
  })

  test.skipIf(process.geteuid?.() !== 0)(
    'of another user than this one or root gets no byte, whoever owns the file',
    async () => {
      const channel = new Channel()
      const other = spawnScript(fixture('server-of-another-user.ts'), [channel.path, '12345'])
      await other.waitForLine(/listening/)
      const client = channel.linker()
      client.send('e', 'for a server of my own')
      expect(await client.init('client', channel.name)).toBe(false)
      expect(client.lastError).toMatchObject({ code: 'EPERM' })
      await other.waitForLine(/closed after 0 bytes/)
      // The file says nothing about the server.
      chownSync(channel.path, 0, 0)
      expect(await client.init('client', channel.name)).toBe(false)
      await other.waitForLine(/closed after 0 bytes/)
      expect(await channel.linker({ anyOwner: true }).init('client', channel.name)).toBe(true)
    },
  )

  test.skipIf(process.geteuid?.() !== 0)('of this user is connected to, whoever owns the file', async () => {
    const channel = new Channel()
    const server = await channel.server()
    chownSync(channel.path, 12_345, 12_345)
    const client = await channel.client()
    const got = received(server, 'e')
    client.send('e', 1)
    expect(await got).toEqual([1])
  })
})

describe.skipIf(namedPipes)('a client that is short of something', () => {
  test('goes on trying, and is connected as soon as it has descriptors again', async () => {
    const channel = new Channel()
    await channel.server()
    const program = spawnProgram('sh', [
      '-c',
      'ulimit -n 128 && exec "$0" --no-warnings "$@"',
      process.execPath,
      fixture('short-of-descriptors.ts').pathname,
      channel.name,
      channel.directory,
    ])
    await program.waitForLine(/^no descriptor is left$/)
    await program.waitForLine(/^not (open|connected) yet: .*EMFILE/)
    program.process.stdin?.write('give\n')
    await program.waitForLine(/^connected$/)
    expect(await program.exit).toEqual({ code: 0, signal: null })
  })

  test('says at the end of timeoutMs what it was short of', async () => {
    const channel = new Channel()
    await channel.server()
    const denied = Object.assign(new Error('connect EACCES'), { code: 'EACCES' })
    const errors: Error[] = []
    const client = new ClientRole(
      {
        ...linkerSettings({ timeoutMs: 30 }),
        address: 'memory:denied',
        path: undefined,
        transport: { ...memory, connect: () => Promise.reject(denied) },
      },
      { event: () => true, failed: (error) => errors.push(error), debug: () => {} },
    )
    await expect(client.open()).rejects.toMatchObject({ code: 'ETIMEDOUT', cause: denied })
    expect(errors).toEqual([])
  })
})

// What two ends of this package gain by the upgrade, and what others see of it.
import { createConnection, createServer } from 'node:net'
import { needs, spawnProgram } from '@uds/testkit'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Linker } from '../src/unixevents/index.ts'
import { namedPipes } from '../src/unixevents/channel/platform.ts'
import { between } from './fixtures/cuttable-proxy.ts'
import { Channel, received } from './fixtures/test-channel.ts'
import { eventually } from './eventually.ts'

const python = needs('python3')
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** Both ends, once they speak the native protocol. */
const upgraded = async (channel: Channel): Promise<{ server: Linker; client: Linker }> => {
  const server = await channel.server()
  const client = await channel.client({ upgrade: 'offer' })
  await eventually(() => expect([server.upgraded, client.upgraded]).toEqual([1, 1]))
  return { server, client }
}

describe('after the upgrade', () => {
  test('a send ends when the listeners at the other end have been called', async () => {
    const { server, client } = await upgraded(new Channel())
    let handled = 0
    server.receive('e', () => void handled++)
    client.receive('e', () => void handled++)
    expect(await client.sendSync('e', 1)).toBe(true)
    expect(handled).toBe(1)
    expect(await server.sendSync('e', 1)).toBe(true)
    expect(handled).toBe(2)
    // As before, an event that nobody listens to, and a listener that throws, are no failure of the sender.
    expect(await client.sendSync('nobody listens', 1)).toBe(true)
    server.receive('throws', () => {
      throw new Error('mine')
    })
    expect(await client.sendSync('throws', 1)).toBe(true)
    expect(server.lastError).toMatchObject({ code: 'ERR_HANDLER_FAILED' })
  })

  test.each(['json', 'string'] as const)(
    'values and names arrive as they did before it, with payloads: %j',
    async (payloads) => {
      const values = [
        'text',
        '{"a":1}',
        '[1]',
        'null',
        '123',
        '{not json',
        ';;a;;;',
        'é 你好 😀 \0',
        42,
        -0.5,
        true,
        null,
        undefined,
        { a: { ';;': [1, null] } },
        [1, 'two'],
        new Date(0),
        Buffer.from('x'),
      ]
      const names = ['e', 'error', 'close', 'connect', '', ';;', 'é', '\0', 'x'.repeat(1000), '\ud800']
      const heardBy = async (upgrade: 'offer' | 'refuse'): Promise<unknown[]> => {
        const channel = new Channel()
        const server = await channel.server({ payloads })
        const client = await channel.client({ payloads, upgrade })
        if (upgrade === 'offer') await eventually(() => expect(client.upgraded).toBe(1))
        const heard: unknown[] = []
        for (const name of names) server.receive(name, (data) => heard.push([name, data]))
        const end = received(server, 'end')
        for (const value of values) client.send('e', value)
        for (const name of names) client.send(name, 1)
        client.send('end')
        await end
        return heard
      }
      const before = await heardBy('refuse')
      expect(before).toHaveLength(values.length + names.length)
      expect(await heardBy('offer')).toEqual(before)
    },
  )

  test('a frame of exactly 1 MiB arrives, and what waits for a peer is bounded', async () => {
    const channel = new Channel()
    const server = await channel.server()
    const client = await channel.client({ upgrade: 'offer', maxQueueBytes: 2_000_000 })
    await eventually(() => expect(client.upgraded).toBe(1))
    const largest = 'x'.repeat(1024 * 1024 - '{"event":"c-e","payload":""}'.length)
    const got = received(server, 'e')
    expect([client.send('e', largest), client.send('e', `${largest}x`)]).toEqual([true, false])
    expect(await got).toEqual([largest])
    let taken = 0
    while (client.send('e', 'x'.repeat(1000))) taken += 1
    expect(taken).toBeGreaterThan(900)
    expect(taken).toBeLessThan(2000)
    expect(client.lastError).toMatchObject({ code: 'ERR_QUEUE_FULL' })
  })

  test('a server reaches those with and those without it, each once', async () => {
    const channel = new Channel()
    const { server, client } = await upgraded(channel)
    const other = await channel.client()
    await eventually(() => expect(server.connections).toBe(2))
    expect(server.upgraded).toBe(1)
    const heard: unknown[] = []
    for (const linker of [client, other]) linker.receive('e', (data) => heard.push(data))
    for (const n of upTo(10)) expect(await server.sendSync('e', n)).toBe(true)
    await eventually(() => expect(heard).toHaveLength(20))
    for (const n of upTo(10)) expect(heard.filter((data) => data === n)).toHaveLength(2)
    await client.close()
    await eventually(() => expect([server.connections, server.upgraded]).toEqual([1, 0]))
    await other.close()
    await eventually(() => expect(server.connections).toBe(0))
    expect(server.send('e', 1)).toBe(false)
    expect(server.lastError).toMatchObject({ code: 'ERR_DISCONNECTED' })
  })

  test('closing either end lets what was sent arrive first', async () => {
    for (const who of ['client', 'server'] as const) {
      const channel = new Channel()
      const ends = await upgraded(channel)
      const other = who === 'client' ? ends.server : ends.client
      const got = received(other, 'e', 1000)
      for (const n of upTo(1000)) ends[who].send('e', n)
      // The default second is too short for them on a machine that stands still meanwhile.
      await ends[who].close({ graceMs: 14_000 })
      expect(await got).toEqual(upTo(1000))
    }
  })
})

describe('when the connection is cut', () => {
  test('again and again, every message of both ends is heard once, in order', async () => {
    const [front, back] = [new Channel(), new Channel()]
    const server = back.linker()
    await server.init('server', back.name)
    const proxy = await between(front, back)
    const client = await front.client({ upgrade: 'offer' })
    await eventually(() => expect(server.upgraded).toBe(1))
    const heard: { server: unknown[]; client: unknown[] } = { server: [], client: [] }
    server.receive('n', (n) => heard.server.push(n))
    client.receive('n', (n) => heard.client.push(n))
    const [rounds, each] = [12, 300]
    for (let round = 0; round < rounds; round++) {
      for (let n = 0; n < each; n++) {
        const number = round * each + n
        expect([client.send('n', number), server.send('n', number)]).toEqual([true, true])
        // In the middle of the messages, at another place each time.
        if (n === (round * 37) % each) {
          await new Promise((resolve) => void setImmediate(resolve))
          proxy.cut()
        }
      }
      await eventually(() => expect(heard.server.length).toBeGreaterThan(round * each))
    }
    await eventually(() => {
      expect([heard.server.length, heard.client.length]).toEqual([rounds * each, rounds * each])
    })
    expect(heard).toEqual({ server: upTo(rounds * each), client: upTo(rounds * each) })
  }, 60_000)

  test('a server that was started again gets what the last one has not acknowledged', async () => {
    const channel = new Channel()
    const first = await channel.server()
    const client = await channel.client({ upgrade: 'offer' })
    await eventually(() => expect(client.upgraded).toBe(1))
    await first.close()
    await eventually(() => expect(client.connections).toBe(0))
    const sent = Promise.all(upTo(50).map((n) => client.sendSync('n', n)))
    const second = channel.linker()
    const got = received(second, 'n', 50)
    expect(await second.init('server', channel.name)).toBe(true)
    expect(await got).toEqual(upTo(50))
    expect(await sent).toEqual(upTo(50).map(() => true))
    expect([client.upgraded, second.upgraded]).toEqual([1, 1])
  })

  test('a server that does not upgrade gets it too, in the frames of unixevents', async () => {
    const channel = new Channel()
    const first = await channel.server()
    const client = await channel.client({ upgrade: 'offer' })
    await eventually(() => expect(client.upgraded).toBe(1))
    await first.close()
    await eventually(() => expect(client.connections).toBe(0))
    const sent = Promise.all(upTo(50).map((n) => client.sendSync('n', n)))
    const second = channel.linker({ upgrade: 'refuse' })
    const got = received(second, 'n', 51)
    expect(await second.init('server', channel.name)).toBe(true)
    expect(await sent).toEqual(upTo(50).map(() => true))
    client.send('n', 50)
    expect(await got).toEqual(upTo(51))
    expect([client.upgraded, client.connections, second.upgraded]).toEqual([0, 1, 0])
  })

  test('closing for good tells what was not acknowledged', async () => {
    const channel = new Channel()
    const { server, client } = await upgraded(channel)
    await server.close()
    await eventually(() => expect(client.connections).toBe(0))
    const sent = client.sendSync('n', 1)
    await client.close()
    expect(await sent).toBe(false)
    expect(client.lastError).toMatchObject({ code: 'ERR_DISCONNECTED', syscall: 'close' })
  })
})

describe('either end may refuse', () => {
  test.each([
    ['offer', 'refuse'],
    ['refuse', 'offer'],
    ['refuse', 'refuse'],
    ['accept', 'accept'],
  ] as const)('upgrade: %j at the client, %j at the server: nothing changes', async (atClient, atServer) => {
    const channel = new Channel()
    const server = await channel.server({ upgrade: atServer })
    const client = await channel.client({ upgrade: atClient })
    const got = Promise.all([received(server, 'n', 1000), received(client, 'n', 1000)])
    await eventually(() => expect(server.connections).toBe(1))
    for (const n of upTo(1000)) {
      client.send('n', n)
      server.send('n', n)
    }
    expect(await got).toEqual([upTo(1000), upTo(1000)])
    expect([server.upgraded, client.upgraded]).toEqual([0, 0])
    expect([server.lastError, client.lastError]).toEqual([undefined, undefined])
  })

  test.each([
    ['offer', 'offer'],
    ['accept', 'offer'],
    ['offer', 'accept'],
  ] as const)('upgrade: %j at the client, %j at the server: both go on in it', async (atClient, atServer) => {
    const channel = new Channel()
    const server = await channel.server({ upgrade: atServer })
    const client = await channel.client({ upgrade: atClient })
    await eventually(() => expect([server.upgraded, client.upgraded]).toEqual([1, 1]))
    const got = received(client, 'e')
    expect(await server.sendSync('e', 1)).toBe(true)
    expect(await got).toEqual([1])
  })

  test('a wrong value of the option is an error', () => {
    expect(() => new Channel().linker({ upgrade: 'always' as 'offer' })).toThrow(TypeError)
  })
})

describe('a peer that is not one of ours', () => {
  test('sees one event that it does not know, and then frames as ever', async () => {
    const channel = new Channel()
    let text = ''
    const server = createServer((socket) => {
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      socket.on('error', () => {})
    })
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => void server.listen(channel.path, resolve))
    const client = await channel.client({ upgrade: 'offer' })
    for (const n of upTo(100)) client.send('n', n)
    await client.sendSync('n', 100)
    await eventually(() => expect(text.match(/;;/g)).toHaveLength(102))
    const frames = text.split(';;').slice(0, -1)
    const parsed = frames.map((frame) => JSON.parse(frame) as { event: string; payload: unknown })
    expect(parsed[0]).toEqual({ event: 'c-$uds', payload: '{"hello":1,"native":1}' })
    expect(parsed.slice(1)).toEqual(upTo(101).map((n) => ({ event: 'c-n', payload: n })))
    expect(client.upgraded).toBe(0)
  })

  test.skipIf(python.missing || namedPipes)('in Python exchanges events with both roles', async () => {
    for (const role of ['client', 'server'] as const) {
      const channel = new Channel()
      const start = async (): Promise<ReturnType<typeof spawnProgram>> => {
        const script = new URL('fixtures/unixevents_peer.py', import.meta.url).pathname
        const program = spawnProgram(python.path, [script, role, channel.path])
        await program.waitForLine(role === 'server' ? /^listening$/ : /^ready$/)
        return program
      }
      const server = role === 'client' ? await channel.server({ upgrade: 'offer' }) : undefined
      const program = await start()
      const linker = server ?? (await channel.client({ upgrade: 'offer' }))
      const got = received(linker, 'to ours', 2)
      for (const n of [1, 2]) program.process.stdin?.write(`${JSON.stringify(['to ours', n])}\n`)
      expect(await got).toEqual([1, 2])
      for (const n of [1, 2]) expect(await linker.sendSync('to python', n)).toBe(true)
      await program.waitForLine(/to python", 2/)
      expect([linker.upgraded, linker.lastError]).toEqual([0, undefined])
      expect(program.stderr()).toBe('')
    }
  })

  test('and takes the place of a server of ours, gets everything in the end', async () => {
    const channel = new Channel()
    const first = await channel.server()
    const client = await channel.client({ upgrade: 'offer' })
    await eventually(() => expect(client.upgraded).toBe(1))
    await first.close()
    await eventually(() => expect(client.connections).toBe(0))
    for (const n of upTo(10)) client.send('n', n)
    let text = ''
    const old = createServer((socket) => {
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      socket.on('error', () => {})
      socket.write('{"event":"s-old","payload":"1"};;')
    })
    onTestFinished(() => void old.close())
    const heard = received(client, 'old')
    await new Promise<void>((resolve) => void old.listen(channel.path, resolve))
    await eventually(() => expect(text.match(/"c-n"/g)).toHaveLength(10))
    client.send('n', 10)
    await eventually(() => expect(text.match(/"c-n"/g)).toHaveLength(11))
    const numbers = [...text.matchAll(/"c-n","payload":(\d+)/g)].map(([, n]) => Number(n))
    expect(numbers).toEqual(upTo(11))
    expect(await heard).toEqual(['1'])
  }, 30_000)

  test.each([
    ['switches without having asked', '{"event":"c-$uds","payload":"{\\"switch\\":1}"};;'],
    [
      'switches to no protocol at all',
      '{"event":"c-$uds","payload":"{\\"hello\\":1,\\"native\\":1}"};;{"event":"c-$uds","payload":"{\\"switch\\":1}"};;GET / HTTP/1.1\r\n\r\n',
    ],
    [
      'says nonsense in $uds',
      '{"event":"c-$uds","payload":[1]};;{"event":"c-$uds","payload":"{\\"known\\":7,\\"session\\":{}}"};;{',
    ],
  ])('and %s, harms nobody else', async (what, bytes) => {
    const channel = new Channel()
    const { server, client } = await upgraded(channel)
    const errors: Error[] = []
    server.onError = (error) => errors.push(error)
    const socket = createConnection(channel.path)
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {}).resume()
    const gone = new Promise((resolve) => socket.once('close', resolve))
    socket.write(bytes)
    if (what.includes('nonsense')) socket.end()
    await gone
    await eventually(() =>
      expect(errors).toContainEqual(expect.objectContaining({ code: expect.stringMatching(/^ERR_/) })),
    )
    expect(await client.sendSync('e', 1)).toBe(true)
    const got = received(client, 'e')
    server.send('e', 2)
    expect(await got).toEqual([2])
  })
})

test('neither end of an upgraded connection leaves anything behind', async () => {
  const { expectNoLeak } = await import('@uds/testkit')
  const channel = new Channel()
  await expectNoLeak(
    async () => {
      const { server, client } = await upgraded(channel)
      await client.sendSync('e', 1)
      await Promise.all([client.close(), server.close()])
    },
    { times: namedPipes ? 6 : 40 },
  )
  expect(vi.isFakeTimers()).toBe(false)
}, 150_000)

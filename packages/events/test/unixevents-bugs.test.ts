// Each bug of unixevents 1.5.2 for JavaScript that was reproduced, as a promise that it is not here.
import { existsSync, statSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { expectNoLeak, freshName, spawnScript } from '@uds/testkit'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Linker } from '../src/unixevents/index.ts'
import { namedPipes } from '../src/unixevents/channel/platform.ts'
import { Channel, received } from './fixtures/test-channel.ts'
import { eventually } from './eventually.ts'

const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url)

/** A connection of a program that writes its own bytes. */
const raw = async (channel: Channel): Promise<Socket> => {
  const socket = createConnection(channel.path)
  onTestFinished(() => void socket.destroy())
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => {})
  return socket
}
const written = (socket: Socket, bytes: Uint8Array | string): Promise<void> =>
  new Promise((resolve) => {
    socket.write(bytes, () => resolve())
  })
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
const ended = (socket: Socket): Promise<void> =>
  new Promise((resolve) => void socket.resume().once('close', () => resolve()))

describe('bugs of unixevents 1.5.2', () => {
  test('1: an event for one channel is not delivered to another of the same process', async () => {
    const a = await new Channel().pair()
    const b = await new Channel().pair()
    const other = vi.fn<(data: unknown) => void>()
    b.server.receive('e', other)
    const got = received(a.server, 'e')
    a.client.send('e', 'for a')
    expect(await got).toEqual(['for a'])
    const own = received(b.server, 'e')
    b.client.send('e', 'for b')
    expect(await own).toEqual(['for b'])
    expect(other).toHaveBeenCalledExactlyOnceWith('for b')
  })

  test('2: every client is reached, also when the last one has left', async () => {
    const channel = new Channel()
    const server = await channel.server()
    const clients = [await channel.client(), await channel.client(), await channel.client()]
    await eventually(() => expect(server.connections).toBe(3))
    const all = Promise.all(clients.map((client) => received(client, 'e')))
    expect(await server.sendSync('e', 1)).toBe(true)
    expect(await all).toEqual([[1], [1], [1]])
    await clients[2]?.close()
    await eventually(() => expect(server.connections).toBe(2))
    const rest = Promise.all(clients.slice(0, 2).map((client) => received(client, 'e')))
    expect(await server.sendSync('e', 2)).toBe(true)
    expect(await rest).toEqual([[2], [2]])
  })

  test.skipIf(namedPipes)(
    '3: a frame that arrives in two chunks is delivered, and so is the next chunk',
    async () => {
      const channel = new Channel()
      const server = await channel.server()
      const socket = await raw(channel)
      const got = received(server, 'e', 3)
      await written(socket, '{"event":"c-e","payload":1};;{"event":"c-e","pay')
      await turn()
      await written(socket, 'load":2};;{"event":"c-e","payload":3};')
      await turn()
      await written(socket, ';')
      expect(await got).toEqual([1, 2, 3])
    },
  )

  test.each([65_000, 65_510, 65_536, 66_000, 200_000])(
    '4: a payload of %d bytes arrives both ways',
    async (size) => {
      const { server, client } = await new Channel().pair()
      const text = 'x'.repeat(size)
      const both = Promise.all([received(server, 'e'), received(client, 'e')])
      expect(client.send('e', text)).toBe(true)
      expect(server.send('e', text)).toBe(true)
      expect(await both).toEqual([[text], [text]])
    },
  )

  test('5: none of 20,000 messages sent in one burst from another process is lost, and they are in order', async () => {
    const channel = new Channel()
    const server = await channel.server()
    const got: unknown[] = []
    server.receive('n', (n) => got.push(n))
    const all = received(server, 'end')
    spawnScript(fixture('burst.ts'), [channel.name, channel.directory, '20000'])
    await all
    expect(got).toEqual(Array.from({ length: 20_000 }, (_, n) => `${n} ${'x'.repeat(58)}`))
  })

  test.skipIf(namedPipes)(
    '6: `;;` in a payload or an event name harms nothing, also raw from an old sender',
    async () => {
      const channel = new Channel()
      const { server, client } = await channel.pair()
      const got = received(server, 'weird;;event', 2)
      client.send('weird;;event', ';;a;;;b;;')
      client.send('weird;;event', 'next')
      expect(await got).toEqual([';;a;;;b;;', 'next'])
      const old = received(server, 'e;;f', 2)
      await written(
        await raw(channel),
        '{"event":"c-e;;f","payload":"a;;b\\";;"};;{"event":"c-e;;f","payload":2};;',
      )
      expect(await old).toEqual(['a;;b";;', 2])
    },
  )

  test.skipIf(namedPipes)('7: a character that is split between two chunks stays whole', async () => {
    const channel = new Channel()
    const server = await channel.server()
    const socket = await raw(channel)
    const got = received(server, 'e')
    for (const byte of Buffer.from('{"event":"c-e","payload":"é€😀"};;')) {
      await written(socket, Uint8Array.of(byte))
      await turn()
    }
    expect(await got).toEqual(['é€😀'])
  })

  test('8: a listener that throws, or rejects, drops no message and is reported', async () => {
    const { server, client } = await new Channel().pair()
    const errors: Error[] = []
    server.onError = (error) => errors.push(error)
    server.receive('e', () => {
      throw new Error('thrown')
    })
    server.receive('e', async () => {
      throw new Error('rejected')
    })
    const got = received(server, 'e', 3)
    for (const n of [1, 2, 3]) client.send('e', n)
    expect(await got).toEqual([1, 2, 3])
    await eventually(() => expect(errors).toHaveLength(6))
    expect(errors).toContainEqual(
      expect.objectContaining({ code: 'ERR_HANDLER_FAILED', cause: expect.any(Error) }),
    )
  })

  test.skipIf(namedPipes)('9: a client that closes with unread data does not harm the server', async () => {
    const channel = new Channel()
    const { server, client } = await channel.pair()
    for (let round = 0; round < 5; round++) {
      const socket = (await raw(channel)).pause()
      await eventually(() => expect(server.connections).toBe(2))
      await server.sendSync('e', 'x'.repeat(10_000))
      // With bytes unread the system resets the connection: unix(7).
      socket.destroy()
      await eventually(() => expect(server.connections).toBe(1))
    }
    const got = received(server, 'e')
    client.send('e', 'well')
    expect(await got).toEqual(['well'])
  })

  test.skipIf(namedPipes)(
    '9: closing gently never resets the peer, with bytes under way in both directions',
    async () => {
      const channel = new Channel()
      const errors: Error[] = []
      // A server as 1.5.2 has it: what a reset does to its connection would end its process.
      const old = createServer((socket) => {
        socket.on('error', (error) => errors.push(error))
        socket.on('data', () => socket.write('{"event":"s-e","payload":"1"};;'.repeat(100)))
      })
      onTestFinished(() => void old.close())
      await new Promise<void>((resolve) => void old.listen(channel.path, resolve))
      for (let round = 0; round < 20; round++) {
        const client = await channel.client()
        client.send('e', 'x')
        await client.close()
      }
      expect(errors).toEqual([])
    },
  )

  test('10: close during the wait for a server ends it: nothing connects afterwards', async () => {
    const channel = new Channel()
    const client = channel.linker()
    const opening = client.init('client', channel.name)
    await turn()
    await client.close()
    expect(await opening).toBe(false)
    expect(client.lastError).toMatchObject({ code: 'ERR_CLOSED' })
    const server = await channel.server()
    const witness = await channel.client()
    await eventually(() => expect(server.connections).toBe(1))
    await witness.close()
    await eventually(() => expect(server.connections).toBe(0))
  })

  test('10: close while a lost server is waited for ends that, too', async () => {
    const channel = new Channel()
    const { server, client } = await channel.pair()
    await server.close()
    await eventually(() => expect(client.connections).toBe(0))
    await client.close()
    const again = await channel.server()
    const witness = await channel.client()
    await eventually(() => expect(again.connections).toBe(1))
    expect(witness.connections).toBe(1)
  })

  test('11: init without a server settles, and says why', async () => {
    const client = new Linker({ directory: new Channel().directory, timeoutMs: 50 })
    expect(await client.init('client', freshName())).toBe(false)
    expect(client.lastError).toMatchObject({ code: 'ETIMEDOUT', cause: expect.anything() })
  })

  test('12: server.close() ends the connections, and the process can end', async () => {
    const channel = new Channel()
    const server = spawnScript(fixture('closing-server.ts'), [channel.name, channel.directory])
    await server.waitForLine(/open/)
    const client = await channel.client()
    client.send('close')
    await server.waitForLine(/closed/)
    expect(await server.exit).toEqual({ code: 0, signal: null })
  })

  test('13: a second server of a channel is false, and the first goes on', async () => {
    const channel = new Channel()
    const { server, client } = await channel.pair()
    const second = channel.linker()
    expect(await second.init('server', channel.name)).toBe(false)
    expect(second.lastError).toMatchObject({ code: 'EADDRINUSE' })
    const got = received(server, 'e')
    client.send('e', 'here')
    expect(await got).toEqual(['here'])
    expect(await channel.linker().init('client', channel.name)).toBe(true)
  })

  test.skipIf(namedPipes)(
    '14: what waits for a server that does not read is bounded, and send says so',
    async () => {
      const channel = new Channel()
      const old = createServer((socket) => {
        socket.pause().on('error', () => {})
        onTestFinished(() => void socket.destroy())
      })
      await new Promise<void>((resolve) => void old.listen(channel.path, resolve))
      const client = await channel.client({ maxQueueBytes: 200_000 })
      onTestFinished(() => void old.close())
      const text = 'x'.repeat(1000)
      let taken = 0
      while (client.send('e', text)) taken += 1
      expect(taken).toBeGreaterThan(150)
      expect(taken).toBeLessThan(200)
      expect(client.lastError).toMatchObject({ code: 'ERR_QUEUE_FULL' })
    },
  )

  test.skipIf(namedPipes)(
    '14: a client that does not read is closed, and the others get everything',
    async () => {
      const channel = new Channel()
      const { server, client } = await channel.pair({ maxQueueBytes: 1_000_000 })
      const slow = (await raw(channel)).pause()
      await eventually(() => expect(server.connections).toBe(2))
      const got = received(client, 'e', 100)
      for (let n = 0; n < 100; n++) expect(await server.sendSync('e', `${n}${'x'.repeat(50_000)}`)).toBe(true)
      expect(await got).toHaveLength(100)
      expect(server.connections).toBe(1)
      expect(server.lastError).toMatchObject({ code: 'ERR_SLOW_CONSUMER' })
      await ended(slow)
    },
  )

  test('15: a channel is a name, not a path, and not longer than the system takes', async () => {
    for (const channel of ['../tmp/x', 'a/b', '..', 'a\0b', 'x'.repeat(120), 'é'.repeat(60)]) {
      const linker = new Linker()
      expect(
        await linker.init('server', namedPipes && !/[./\0]/.test(channel) ? channel.repeat(5) : channel),
      ).toBe(false)
      expect(existsSync(`/tmp/${channel.slice(0, 90).replaceAll('\0', '')}.sock`)).toBe(false)
    }
  })

  test.each(['import.mjs', 'require.cjs'])('16: %s gets the class', async (script) => {
    const channel = new Channel()
    const { exit, stdout, stderr } = spawnScript(fixture(`unixevents-${script}`), [
      channel.name,
      channel.directory,
    ])
    expect({ ...(await exit), stderr: stderr() }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(stdout()).toBe('Hello from Linker\n')
  })

  // 17 is unixevents.test-d.ts: the types are compiled, not run.

  test.skipIf(namedPipes)(
    '18: the socket is for its user alone, and opening and closing never race',
    async () => {
      const channel = new Channel()
      for (let round = 0; round < 20; round++) {
        const server = await channel.server()
        expect(statSync(channel.path).mode & 0o777).toBe(0o600)
        await server.close()
        expect(existsSync(channel.path)).toBe(false)
      }
    },
  )

  test('19: errors are there to read without debug, and debug prints text', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => print.mockRestore())
    const linker = new Linker()
    linker.send('e', 1)
    expect(linker.lastError).toMatchObject({ code: 'ERR_CLOSED', syscall: 'send' })
    expect(print).not.toHaveBeenCalled()
    linker.enableDebug()
    linker.send('e', 1)
    expect(print).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/^\[unixevents - -\] send ERR_CLOSED/),
    )
    linker.disableDebug()
    linker.send('e', 1)
    expect(print).toHaveBeenCalledOnce()
  })
})

// A server of a named pipe has a thread that waits, which is slow to start where Windows is emulated.
const leakRounds = { times: namedPipes ? 10 : 40 }

describe('what a linker opens', () => {
  test('it closes', async () => {
    const channel = new Channel()
    await expectNoLeak(async () => {
      const { server, client } = await channel.pair()
      await client.sendSync('e', 1)
      await Promise.all([client.close(), server.close()])
    }, leakRounds)
  }, 60_000)
})

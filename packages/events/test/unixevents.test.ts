// What the suite of the Python version promises, in the order of its classes, and what this version adds.
import { existsSync, statSync } from 'node:fs'
import { createConnection } from 'node:net'
import { freshName } from '@uds/testkit'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createClient, createServer, Linker, Role, UnixEvents } from '../src/unixevents/index.ts'
import { namedPipes } from '../src/unixevents/channel/platform.ts'
import { Channel, received } from './fixtures/test-channel.ts'
import { eventually } from './eventually.ts'

const posix = !namedPipes
const closing = <T extends Linker>(linker: T): T => {
  onTestFinished(() => linker.close())
  return linker
}

describe('initialisation', () => {
  test('the constructor takes role and channel, and opens', async () => {
    const channel = freshName()
    const server = closing(new Linker('server', channel))
    expect([server.role, server.channel, server.debug]).toEqual(['server', channel, false])
    expect(await server.ready).toBe(true)
    const client = closing(new Linker('client', channel))
    expect(await client.ready).toBe(true)
    expect([client.role, client.connections]).toEqual(['client', 1])
  })

  test('without arguments it opens by init', async () => {
    const { directory, name } = new Channel()
    const linker = closing(new Linker({ directory }))
    expect([linker.role, linker.channel, await linker.ready]).toEqual([undefined, undefined, false])
    expect(await linker.init('server', name)).toBe(true)
    expect([linker.role, linker.channel, await linker.ready]).toEqual(['server', name, true])
  })

  test('a bad role is false, with the reason in lastError', async () => {
    const linker = closing(new Linker())
    expect(await linker.init('invalid' as 'server', freshName())).toBe(false)
    expect(linker.lastError).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    const constructed = new Linker('invalid' as 'server', freshName())
    expect([await constructed.ready, constructed.role]).toEqual([false, undefined])
    expect(await new Linker(undefined as unknown as 'server', 'x').ready).toBe(false)
  })

  test('the debug flag comes from the third argument and is switched on and off', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => print.mockRestore())
    const linker = closing(new Linker('server', freshName(), true))
    expect(linker.debug).toBe(true)
    await linker.ready
    expect(print).toHaveBeenCalledWith(expect.stringContaining(`[unixevents server ${linker.channel}] open`))
    linker.disableDebug()
    expect(linker.debug).toBe(false)
    print.mockClear()
    await linker.close()
    expect(print).not.toHaveBeenCalled()
    linker.enableDebug()
    expect(linker.debug).toBe(true)
  })

  test.runIf(posix)(
    'the socket file is /tmp/<channel>.sock, for its user alone, and goes with the server',
    async () => {
      const server = closing(new Linker('server', freshName()))
      await server.ready
      const path = `/tmp/${server.channel}.sock`
      expect(statSync(path).isSocket()).toBe(true)
      expect(statSync(path).mode & 0o777).toBe(0o600)
      await server.close()
      expect(existsSync(path)).toBe(false)
    },
  )

  test('leaving its scope closes it', async () => {
    const channel = new Channel()
    {
      await using server = await channel.server()
      expect(server.connections).toBe(0)
    }
    {
      using again = await channel.server()
      expect(again.role).toBe('server')
    }
    expect(await channel.linker().init('server', channel.name)).toBe(true)
  })

  test('initSync and initAsync are init', async () => {
    const channel = new Channel()
    expect(await channel.linker().initSync('server', channel.name, false)).toBe(true)
    expect(await channel.linker().initAsync('client', channel.name)).toBe(true)
  })

  test('init again with the same arguments gives the same, with others false', async () => {
    const channel = new Channel()
    const linker = channel.linker()
    const first = linker.init('server', channel.name)
    expect(linker.init('server', channel.name)).toBe(first)
    expect(await first).toBe(true)
    expect(await linker.init('client', channel.name)).toBe(false)
    expect(linker.lastError).toMatchObject({ code: 'EISCONN' })
    expect(linker.role).toBe('server')
  })

  test('createServer, createClient and Role make and name the two ends', async () => {
    const { directory, name } = new Channel()
    const server = closing(createServer(name, { directory }))
    const client = closing(createClient(name, false, { directory }))
    expect([server.role, client.role]).toEqual([Role.SERVER, Role.CLIENT])
    expect([await server.ready, await client.ready]).toEqual([true, true])
    expect(UnixEvents).toBe(Linker)
  })
})

describe('communication', () => {
  test('one message goes each way', async () => {
    const { server, client } = await new Channel().pair()
    const atServer = received(server, 'to-server')
    const atClient = received(client, 'to-client')
    expect(client.send('to-server', 'Hello from client')).toBe(true)
    expect(server.send('to-client', 'Hello from server')).toBe(true)
    expect(await atServer).toEqual(['Hello from client'])
    expect(await atClient).toEqual(['Hello from server'])
  })

  test('each side hears the other side only', async () => {
    const { server, client } = await new Channel().pair()
    const own = vi.fn<(...args: unknown[]) => void>()
    server.receive('same', own)
    const atClient = received(client, 'same')
    server.send('same', 1)
    expect(await atClient).toEqual([1])
    const atServer = received(server, 'same')
    client.send('same', 2)
    expect(await atServer).toEqual([2])
    expect(own).toHaveBeenCalledExactlyOnceWith(2)
  })

  test('receiveOnce hears one of three', async () => {
    const { server, client } = await new Channel().pair()
    const once = vi.fn<(...args: unknown[]) => void>()
    server.receiveOnce('e', once)
    const all = received(server, 'e', 3)
    for (const n of [1, 2, 3]) client.send('e', n)
    expect(await all).toEqual([1, 2, 3])
    expect(once).toHaveBeenCalledExactlyOnceWith(1)
  })

  test('two listeners of one event both hear it', async () => {
    const { server, client } = await new Channel().pair()
    const both = Promise.all([received(server, 'e'), received(server, 'e')])
    client.send('e', 'x')
    expect(await both).toEqual([['x'], ['x']])
  })

  test('two clients both get a broadcast', async () => {
    const channel = new Channel()
    const { server, client } = await channel.pair()
    const other = await channel.client()
    const both = Promise.all([received(client, 'e'), received(other, 'e')])
    await eventually(() => expect(server.connections).toBe(2))
    server.send('e', 'all')
    expect(await both).toEqual([['all'], ['all']])
  })

  test('removeReceiver ends one listener, or all of an event', async () => {
    const { server, client } = await new Channel().pair()
    const first = vi.fn<(...args: unknown[]) => void>()
    const second = vi.fn<(...args: unknown[]) => void>()
    server.receive('e', first)
    server.receive('e', second)
    server.removeReceiver('e', first)
    const done = received(server, 'done', 2)
    client.send('e', 1)
    client.send('done', 1)
    await eventually(() => expect(second).toHaveBeenCalledOnce())
    server.removeReceiver('e')
    client.send('e', 2)
    client.send('done', 2)
    await done
    expect(first).not.toHaveBeenCalled()
    expect(second).toHaveBeenCalledExactlyOnceWith(1)
  })

  test('what is received before init is kept, and receive inside a listener works', async () => {
    const channel = new Channel()
    const server = channel.linker()
    const inner = new Promise((resolve) => {
      server.receive('outer', () => server.receive('inner', resolve))
    })
    await server.init('server', channel.name)
    const client = await channel.client()
    client.send('outer')
    client.send('inner', 'deep')
    expect(await inner).toBe('deep')
  })
})

describe('data types', () => {
  test('texts arrive in order, whatever is in them', async () => {
    const { server, client } = await new Channel().pair()
    const texts = [
      'simple',
      'Unicode: 你好 🌍 é',
      '!@#$%^&*();;;;"\'\\',
      '',
      'several\nlines\r\n',
      '123',
      'true',
      '{not json',
    ]
    const got = received(server, 'text', texts.length)
    for (const text of texts) client.send('text', text)
    expect(await got).toEqual(texts)
  })

  test('objects, lists, numbers, booleans and null keep their type', async () => {
    const { server, client } = await new Channel().pair()
    const values = [
      { user: { name: 'A', tags: ['x', { deep: null }] }, ';;': ';;' },
      [1, 'two', 3.5, true, null, { six: 6 }, [7]],
      42,
      -17,
      3.14159,
      0,
      1e10,
      -0.5,
      true,
      false,
      null,
    ]
    const got = received(server, 'value', values.length)
    for (const value of values) client.send('value', value)
    expect(await got).toEqual(values)
  })

  test("with payloads: 'string' all of them are texts, as in JavaScript 1.5.2", async () => {
    const { server, client } = await new Channel().pair({ payloads: 'string' })
    const got = received(server, 'value', 6)
    for (const value of ['x', 42, true, { a: 1 }, [1], null]) client.send('value', value)
    expect(await got).toEqual(['x', '42', 'true', '{"a":1}', '[1]', 'null'])
  })
})

describe('callbacks', () => {
  test('a send that goes well calls back (null, true) and returns true', async () => {
    const { client } = await new Channel().pair()
    const told = new Promise((resolve) => {
      expect(client.send('e', 'x', (...args) => resolve(args))).toBe(true)
    })
    expect(await told).toEqual([null, true])
  })

  test('a send before init calls back (error, false) and returns false', () => {
    const linker = new Linker()
    const callback = vi.fn<(...args: unknown[]) => void>()
    expect(linker.send('e', 'x', callback)).toBe(false)
    expect(callback).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'ERR_CLOSED' }), false)
  })

  test('a callback that throws harms nothing and is reported', async () => {
    const { server, client } = await new Channel().pair()
    const got = received(server, 'e', 2)
    client.send('e', 1, () => {
      throw new Error('mine')
    })
    client.send('e', 2)
    expect(await got).toEqual([1, 2])
    await eventually(() =>
      expect(client.lastError).toMatchObject({ code: 'ERR_HANDLER_FAILED', cause: { message: 'mine' } }),
    )
  })
})

describe('errors', () => {
  test('uninitialised, cyclic, BigInt, NaN, a function and over 1 MiB are false, and never throw', async () => {
    expect(new Linker().send('e', 'x')).toBe(false)
    expect(await new Linker().sendSync('e', 'x')).toBe(false)
    const { server, client } = await new Channel().pair()
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    const throwing = {
      toJSON() {
        throw new Error('no')
      },
    }
    for (const value of [
      cyclic,
      1n,
      { n: 1n },
      Number.NaN,
      () => {},
      throwing,
      'x'.repeat(1024 * 1024 + 1000),
    ]) {
      expect(client.send('e', value)).toBe(false)
      expect(client.lastError).toBeInstanceOf(Error)
      expect(await client.sendSync('e', value)).toBe(false)
    }
    expect(client.lastError).toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' })
    expect(client.send(7 as unknown as string, 'x')).toBe(false)
    expect(client.send('$uds', 'x')).toBe(false)
    const got = received(server, 'e')
    client.send('e', 'still well')
    expect(await got).toEqual(['still well'])
  })

  test('a frame of exactly 1 MiB arrives, and one byte more is false', async () => {
    const { server, client } = await new Channel().pair()
    const around = Buffer.byteLength('{"event":"c-e","payload":""}')
    const exact = 'x'.repeat(1024 * 1024 - around)
    const got = received(server, 'e')
    expect(client.send('e', exact)).toBe(true)
    expect(client.send('e', `${exact}x`)).toBe(false)
    expect(await got).toEqual([exact])
  })

  test('a client without a server is false after timeoutMs', async () => {
    const channel = new Channel()
    const client = channel.linker({ timeoutMs: 150 })
    const held = client.init('client', channel.name)
    const sent = client.sendSync('e', 'x')
    expect(await held).toBe(false)
    expect(client.lastError).toMatchObject({ code: 'ETIMEDOUT' })
    expect(await sent).toBe(false)
    expect(client.send('e', 'x')).toBe(false)
  })

  test('closing twice is no error, and a closed linker sends nothing', async () => {
    const { server, client } = await new Channel().pair()
    await Promise.all([client.close(), client.close()])
    await client.close()
    expect(client.send('e', 'x')).toBe(false)
    await server.close()
    expect(server.connections).toBe(0)
  })

  test('a new server takes the channel of one that has closed, without waiting', async () => {
    const channel = new Channel()
    const { server, client } = await channel.pair()
    void server.close()
    const successor = await channel.server()
    await eventually(() => expect(successor.connections).toBe(1))
    const got = received(successor, 'e')
    client.send('e', 'again')
    expect(await got).toEqual(['again'])
    expect(await server.init('server', channel.name)).toBe(false)
    expect(server.lastError).toMatchObject({ code: 'EADDRINUSE' })
  })

  test.each([
    ['', 'ERR_INVALID_ARG_VALUE'],
    ['..', 'ERR_INVALID_ARG_VALUE'],
    ['../tmp/x', 'ERR_INVALID_ARG_VALUE'],
    ['a/b', 'ERR_INVALID_ARG_VALUE'],
    [String.raw`a\b`, 'ERR_INVALID_ARG_VALUE'],
    ['a\0b', 'ERR_INVALID_ARG_VALUE'],
    ['x'.repeat(300), 'ENAMETOOLONG'],
    [7, 'ERR_INVALID_ARG_TYPE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
  ])('the channel %j is false with %s', async (channel, code) => {
    for (const role of ['server', 'client'] as const) {
      const linker = new Linker()
      expect(await linker.init(role, channel as string)).toBe(false)
      expect(linker.lastError).toMatchObject({ code })
    }
  })

  test('a wrong argument of receive, or a wrong option, throws with a code', () => {
    expect(() => new Linker().receive(7 as unknown as string, () => {})).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
    expect(() => new Linker().receiveOnce('e', 'x' as unknown as () => void)).toThrow(TypeError)
    expect(() => new Linker({ payloads: 'text' as 'json' })).toThrow(TypeError)
    expect(() => new Linker({ timeoutMs: -1 })).toThrow(RangeError)
    expect(() => new Linker({ timeoutMs: null, maxQueueBytes: Infinity })).not.toThrow()
    expect(() => new Linker({ maxHeldBytes: 1.5 })).toThrow(RangeError)
    expect(() => new Linker({ maxFrameBytes: '1' as unknown as number })).toThrow(TypeError)
  })

  test('onError hears of each error, and one that throws harms nothing', async () => {
    const errors: Error[] = []
    const linker = new Linker({ onError: (error) => errors.push(error) })
    linker.send('e', 1)
    expect(errors).toEqual([linker.lastError])
    linker.onError = () => {
      throw new Error('mine')
    }
    expect(linker.send('e', 1)).toBe(false)
  })
})

describe('asynchronous calls', () => {
  test('sendSync and sendAsync resolve with true when it was written', async () => {
    const { server, client } = await new Channel().pair()
    const got = received(server, 'e', 2)
    expect(await client.sendSync('e', 1)).toBe(true)
    expect(await client.sendAsync('e', 2)).toBe(true)
    expect(await got).toEqual([1, 2])
  })
})

describe('load', () => {
  test('1,000 objects all arrive, in order', async () => {
    const { server, client } = await new Channel().pair()
    const got = received(server, 'e', 1000)
    for (let id = 0; id < 1000; id++) client.send('e', { id, text: `message ${id}` })
    expect(await got).toEqual(Array.from({ length: 1000 }, (_, id) => ({ id, text: `message ${id}` })))
  })
})

describe('the frames on the wire', () => {
  test('are exactly those of unixevents, from the first byte', async () => {
    const channel = new Channel()
    const server = await channel.server()
    server.send('test-event', { key: 'välue' })
    const socket = createConnection(channel.path)
    onTestFinished(() => void socket.destroy())
    const text = await new Promise<string>((resolve) => socket.setEncoding('utf8').once('data', resolve))
    expect(text).toBe(String.raw`{"event":"s-test-event","payload":"{\"key\":\"välue\"}"};;`)
  })
})

describe('held sends', () => {
  test('what a server sends before a client has come waits for the first, in order', async () => {
    const channel = new Channel()
    const server = channel.linker()
    const opening = server.init('server', channel.name)
    expect(server.send('e', 1)).toBe(true)
    await opening
    expect(await server.sendSync('e', 2)).toBe(true)
    const client = channel.linker()
    const got = received(client, 'e', 3)
    await client.init('client', channel.name)
    await eventually(() => expect(server.connections).toBe(1))
    server.send('e', 3)
    expect(await got).toEqual([1, 2, 3])
  })

  test.runIf(posix)(
    'a connection that only looks whether a server is there does not take them away',
    async () => {
      const channel = new Channel()
      const server = await channel.server()
      server.send('e', 'kept')
      for (let probe = 0; probe < 3; probe++) {
        const socket = createConnection(channel.path)
        await new Promise((resolve) => socket.once('connect', resolve))
        socket.destroy()
      }
      const client = channel.linker()
      const got = received(client, 'e')
      await client.init('client', channel.name)
      expect(await got).toEqual(['kept'])
    },
  )

  test('what a client sends before the server has come arrives', async () => {
    const channel = new Channel()
    const client = channel.linker()
    const opening = client.init('client', channel.name)
    const sent = client.sendSync('e', 'early')
    const server = channel.linker()
    const got = received(server, 'e')
    await server.init('server', channel.name)
    expect([await opening, await sent, await got]).toEqual([true, true, ['early']])
  })

  test('they are bounded, and telling so is a false', async () => {
    const channel = new Channel()
    const server = await channel.server({ maxHeldBytes: 100 })
    expect(server.send('e', 'x'.repeat(50))).toBe(true)
    expect(server.send('e', 'x'.repeat(50))).toBe(false)
    expect(server.lastError).toMatchObject({ code: 'ERR_QUEUE_FULL' })
  })

  test('a server that closes before a client has come tells what it held', async () => {
    const server = await new Channel().server()
    server.send('e', 1)
    await server.close()
    expect(server.lastError).toMatchObject({ code: 'ERR_DISCONNECTED', syscall: 'close' })
  })

  test('once its clients have left, a server says that nobody is there', async () => {
    const channel = new Channel()
    const { server, client } = await channel.pair()
    const got = received(server, 'e')
    client.send('e', 1)
    await got
    await client.close()
    await eventually(() => expect(server.connections).toBe(0))
    const callback = vi.fn<(...args: unknown[]) => void>()
    expect(server.send('e', 2, callback)).toBe(false)
    expect(callback).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_DISCONNECTED' }), false)
  })
})

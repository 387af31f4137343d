import { existsSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { expectNoLeak, needs, spawnProgram } from '@uds/testkit'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { LineClient, LineServer, UnixSocket } from '../src/index.ts'
import { stderrLogger } from '../src/lines/logger.ts'
import { namedPipes } from '../src/unixevents/channel/platform.ts'
import { eventually } from './eventually.ts'
import { freshPath, join, raw, serve } from './fixtures/line-ends.ts'

const python = needs('python3')
const fail = (): never => {
  throw new Error('logger')
}
const code = (name: string): unknown => expect.objectContaining({ code: name })
const ended = (socket: Socket): Promise<void> =>
  new Promise((resolve) => void socket.once('end', () => resolve()))

describe('the server', () => {
  test('is UnixSocket, and its defaults are those of py-unix-socket', () => {
    const { path, withAck, ackMessage, withBroadcast } = new UnixSocket()
    expect(UnixSocket).toBe(LineServer)
    expect({ path, withAck, ackMessage, withBroadcast }).toEqual({
      path: '/tmp/unix_socket.sock',
      withAck: false,
      ackMessage: '__ACK__\n',
      withBroadcast: false,
    })
  })

  test('gives each line to the handler, in order, without its end', async () => {
    const got: string[] = []
    const server = await serve({ handler: (line) => got.push(line) })
    const socket = await raw(server)
    socket.write('one\ntwo\r\n\nth')
    await eventually(() => expect(got).toEqual(['one', 'two', '']))
    socket.write('ree é😀\rfour\n')
    await eventually(() => expect(got).toEqual(['one', 'two', '', 'three é😀', 'four']))
    expect(socket.text()).toBe('')
  })

  test.skipIf(namedPipes)(
    'delivers a last line that has no end, acknowledges it, and then ends',
    async () => {
      const got: string[] = []
      const server = await serve({ withAck: true, handler: (line) => got.push(line) })
      const socket = await raw(server)
      socket.end('last')
      await ended(socket)
      expect([got, socket.text()]).toEqual([['last'], '__ACK__\n'])
    },
  )

  test('handles, then acknowledges, then broadcasts to the others, and not to the sender', async () => {
    const order: string[] = []
    const gate = Promise.withResolvers<void>()
    const server = await serve({
      withAck: true,
      withBroadcast: true,
      handler: async (line) => {
        order.push(`begin ${line}`)
        await gate.promise
        order.push(`end ${line}`)
      },
    })
    const [sender, first, second] = [await raw(server), await raw(server), await raw(server)]
    sender.write('x\n')
    await eventually(() => expect(order).toEqual(['begin x']))
    expect([sender.text(), first.text()]).toEqual(['', ''])
    gate.resolve()
    await eventually(() => expect([first.text(), second.text()]).toEqual(['x\n', 'x\n']))
    expect(order).toEqual(['begin x', 'end x'])
    await eventually(() => expect(sender.text()).toBe('__ACK__\n'))
  })

  test('sends the acknowledgement verbatim', async () => {
    const server = await serve({ withAck: true, ackMessage: 'ack_event', handler: () => {} })
    const socket = await raw(server)
    socket.write('a\nb\n')
    await eventually(() => expect(socket.text()).toBe('ack_eventack_event'))
  })

  test.each(['thrown', 'rejected'])(
    'a handler that fails (%s) means no acknowledgement and no broadcast, and harms nobody',
    async (how) => {
      const errors: string[] = []
      const server = await serve({
        withAck: true,
        withBroadcast: true,
        logger: { info: () => {}, error: (message) => errors.push(message) },
        handler: (line) => {
          if (line !== 'bad') return undefined
          if (how === 'thrown') throw new Error('no')
          return Promise.reject(new Error('no'))
        },
      })
      const [sender, other] = [await raw(server), await raw(server)]
      sender.write('bad\ngood\n')
      await eventually(() => expect(other.text()).toBe('good\n'))
      await eventually(() => expect(sender.text()).toBe('__ACK__\n'))
      expect(errors).toEqual(['the handler failed: no'])
    },
  )

  test('an asynchronous handler delays its own client only, whose lines stay in order', async () => {
    const gate = Promise.withResolvers<void>()
    const got: string[] = []
    const server = await serve({
      handler: async (line) => {
        if (line === 'slow') await gate.promise
        got.push(line)
      },
    })
    const [slow, quick] = [await raw(server), await raw(server)]
    slow.write('slow\nafter\n')
    quick.write('quick\n')
    await eventually(() => expect(got).toEqual(['quick']))
    gate.resolve()
    await eventually(() => expect(got).toEqual(['quick', 'slow', 'after']))
  })

  test.skipIf(namedPipes)(
    'exit is not handled: that client reads the end, its later bytes are dropped, the others stay',
    async () => {
      const got: string[] = []
      const server = await serve({ withAck: true, withBroadcast: true, handler: (line) => got.push(line) })
      const [leaving, other] = [await raw(server), await raw(server)]
      leaving.write('before\nexit\nafter\n')
      await ended(leaving)
      expect(leaving.text()).toBe('__ACK__\n')
      leaving.end('later\n')
      await eventually(() => expect(server.clients).toBe(1))
      other.write('still here\n')
      await eventually(() => expect(got).toEqual(['before', 'still here']))
      expect(other.text()).toBe('before\n__ACK__\n')
    },
  )

  test.each([
    ['a line over the limit', Buffer.from('x'.repeat(200))],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0xff, 0x0a])],
  ])('closes a client that sends %s, after what came before, and says why', async (_, bytes) => {
    const errors: string[] = []
    const got: string[] = []
    const server = await serve({
      maxLineBytes: 100,
      logger: { info: () => {}, error: (message) => errors.push(message) },
      handler: (line) => got.push(line),
    })
    const [bad, good] = [await raw(server), await raw(server)]
    bad.write(Buffer.concat([Buffer.from('first\n'), bytes]))
    await ended(bad)
    bad.end()
    expect(errors).toEqual([
      expect.stringMatching(/^a client is closed: a line is (longer than 100 bytes|not UTF-8)$/),
    ])
    good.write('well\n')
    await eventually(() => expect(got).toEqual(['first', 'well']))
  })

  test('broadcast reaches every client and tells how many there are', async () => {
    const server = await serve()
    expect(server.broadcast('nobody')).toBe(0)
    const [first, second] = [await raw(server), await raw(server)]
    expect(server.broadcast('all')).toBe(2)
    await eventually(() => expect([first.text(), second.text()]).toEqual(['all\n', 'all\n']))
    expect(() => server.broadcast('two\nlines')).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    )
  })

  test.skipIf(namedPipes)('closes a client that does not read, and goes on with the others', async () => {
    const server = await serve({ maxQueueBytes: 100_000 })
    const slow = (await raw(server)).pause()
    const client = await join(server)
    const line = 'x'.repeat(50_000)
    for (let n = 0; n < 20; n++) {
      server.broadcast(line)
      expect(await client.receive()).toBe(line)
    }
    expect(server.clients).toBe(1)
    slow.destroy()
  })

  test('escapes what a client sends in what it prints: no line of the log can be forged', async () => {
    const printed: string[] = []
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      printed.push(String(text))
      return true
    })
    onTestFinished(() => write.mockRestore())
    stderrLogger.info('event received: \x1b[2J\x9b31m\rERROR forged\u2028next')
    stderrLogger.error('the handler failed: a\nb')
    expect(printed.map((line) => line.slice(line.indexOf('Z') + 2))).toEqual([
      String.raw`INFO event received: \u{1b}[2J\u{9b}31m\u{d}ERROR forged\u{2028}next` + '\n',
      String.raw`ERROR the handler failed: a\u{a}b` + '\n',
    ])
  })

  test('tells a logger what happens', async () => {
    const told: string[] = []
    const logger = { info: (text: string) => told.push(text), error: (text: string) => told.push(text) }
    const server = await serve({ withBroadcast: true, logger })
    const client = await join(server)
    await client.send('hello')
    await eventually(() => expect(told).toContain('broadcast: hello (to 0)'))
    await client.exit()
    await eventually(() => expect(server.clients).toBe(0))
    await server.shutdown()
    expect(told).toEqual([
      expect.stringMatching(/^server opened: (unix|pipe):/),
      'client connected',
      'event received: hello',
      'broadcast: hello (to 0)',
      'client closed',
      'server closed',
    ])
  })

  test('logs to standard error with time and level by default', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    onTestFinished(() => write.mockRestore())
    const server = new LineServer({ path: freshPath() })
    await server.run()
    await server.shutdown()
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
    expect(write.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(new RegExp(`^${time} INFO server opened: .*\n$`)),
      expect.stringMatching(new RegExp(`^${time} INFO server closed\n$`)),
    ])
  })

  test('a logger that throws harms nobody', async () => {
    const server = await serve({ withAck: true, logger: { info: fail, error: fail } })
    const client = await join(server, { ackMessage: '__ACK__\n' })
    expect(await client.sendAndWait('x')).toBe('__ACK__\n')
  })

  test.skipIf(namedPipes)('has a socket for its user alone, and removes it', async () => {
    const server = await serve()
    expect(statSync(server.path).mode & 0o777).toBe(0o600)
    await server.shutdown()
    expect(existsSync(server.path)).toBe(false)
    await server.closed
  })

  test('a second server on the path is EADDRINUSE, and the first goes on', async () => {
    const got: string[] = []
    const server = await serve({ handler: (line) => got.push(line) })
    await expect(new LineServer({ path: server.path, logger: false }).run()).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    const client = await join(server)
    await client.send('here')
    await eventually(() => expect(got).toEqual(['here']))
  })

  test('shutdown ends every connection, and a server that was shut down does not run again', async () => {
    const server = await serve()
    const client = await join(server)
    await Promise.all([server.shutdown(), server.shutdown()])
    expect(await client.receive()).toBeNull()
    expect(server.clients).toBe(0)
    await expect(server.run()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await new LineServer({ logger: false }).shutdown()
  })

  test('leaving its scope shuts it down', async () => {
    const path = freshPath()
    {
      await using server = new LineServer({ path, logger: false })
      await server.run()
    }
    {
      await using server = new LineServer({ path, logger: false })
      await server.run()
      expect(server.clients).toBe(0)
    }
  })

  test('wrong options throw with a code', () => {
    expect(() => new LineServer({ path: '' })).toThrow(code('ERR_INVALID_ARG_VALUE'))
    expect(() => new LineServer({ path: 7 as unknown as string })).toThrow(code('ERR_INVALID_ARG_TYPE'))
    expect(() => new LineServer({ withAck: 'yes' as unknown as boolean })).toThrow(
      code('ERR_INVALID_ARG_TYPE'),
    )
    expect(() => new LineServer({ handler: 'x' as unknown as () => void })).toThrow(
      code('ERR_INVALID_ARG_TYPE'),
    )
    expect(() => new LineServer({ maxLineBytes: 0 })).toThrow(code('ERR_OUT_OF_RANGE'))
  })
})

describe('the client', () => {
  test('sends, waits for the acknowledgement, receives, and exits', async () => {
    const server = await serve({ withAck: true, withBroadcast: true, handler: () => {} })
    const [client, other] = [await join(server), await join(server)]
    expect(await client.sendAndWait('foobar')).toBe('__ACK__\n')
    expect(await other.receive()).toBe('foobar')
    await other.send('from the other')
    expect(await other.receive()).toBe('__ACK__')
    expect(await client.receive()).toBe('from the other')
    await other.exit()
    expect(await other.receive()).toBeNull()
    await eventually(() => expect(server.clients).toBe(1))
  })

  test('knows acknowledgements without an end of line among lines, and several at once', async () => {
    const server = await serve({
      withAck: true,
      withBroadcast: true,
      ackMessage: 'ack_event',
      handler: () => {},
    })
    const client = await join(server, { ackMessage: 'ack_event' })
    const other = await join(server)
    await other.send('between')
    expect(await Promise.all(['a', 'b', 'c'].map((line) => client.sendAndWait(line)))).toEqual([
      'ack_event',
      'ack_event',
      'ack_event',
    ])
    expect(await client.receive()).toBe('between')
  })

  test('an acknowledgement that does not come is ETIMEDOUT, or the reason of the signal', async () => {
    const server = await serve()
    const client = await join(server)
    await expect(client.sendAndWait('x', { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    const reason = new Error('mine')
    const abort = new AbortController()
    const waiting = client.sendAndWait('x', { signal: abort.signal })
    abort.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(client.receive({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    server.broadcast('later')
    expect(await client.receive()).toBe('later')
  })

  test('an acknowledgement is not waited for beyond the end of the connection', async () => {
    const server = await serve()
    const client = await join(server)
    const waiting = client.sendAndWait('x')
    void server.shutdown()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_DISCONNECTED' })
  })

  test('lines() gives every line up to the end', async () => {
    const server = await serve()
    const client = await join(server)
    for (const line of ['a', '', 'é']) server.broadcast(line)
    void server.shutdown()
    const got: string[] = []
    for await (const line of client.lines()) got.push(line)
    expect(got).toEqual(['a', '', 'é'])
  })

  test('does not take more from the server than has room, and loses nothing', async () => {
    const server = await serve()
    const client = await LineClient.connect({ path: server.path, maxQueueBytes: 10_000 })
    onTestFinished(() => client.close())
    await eventually(() => expect(server.clients).toBe(1))
    for (let n = 0; n < 400; n++) server.broadcast(`${n} ${'x'.repeat(5000)}`)
    void server.shutdown()
    let next = 0
    for await (const line of client.lines()) expect(line.startsWith(`${next++} `)).toBe(true)
    expect(next).toBe(400)
  })

  test('waits for a server that is to come, for retryUntilMs', async () => {
    const path = freshPath()
    const joining = LineClient.connect({ path, retryUntilMs: 5000 })
    const server = await serve({ path, withAck: true })
    const client = await joining
    onTestFinished(() => client.close())
    expect(await client.sendAndWait('x')).toBe('__ACK__\n')
    expect(server.path).toBe(path)
  })

  test('says what is wrong: no server, not connected, two lines, closed', async () => {
    const client = new LineClient(freshPath())
    await expect(client.connect()).rejects.toMatchObject({
      code: expect.stringMatching(/ENOENT|ECONNREFUSED/),
    })
    await expect(client.send('x')).rejects.toMatchObject({ code: 'ERR_DISCONNECTED' })
    await expect(client.receive()).rejects.toMatchObject({ code: 'ERR_DISCONNECTED', syscall: 'receive' })
    await expect(client.send('a\nb')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    await client.exit()
    await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(() => new LineClient({ maxLineBytes: -1 })).toThrow(RangeError)
    expect(() => new LineClient({ maxQueueBytes: 1.5 })).toThrow(code('ERR_OUT_OF_RANGE'))
    expect(() => new LineClient({ retryUntilMs: Number.NaN })).toThrow(code('ERR_OUT_OF_RANGE'))
  })
})

// A server of a named pipe has a thread that waits, which is slow to start where Windows is emulated.
const leakRounds = { times: namedPipes ? 10 : 40 }

describe('what both open', () => {
  test('they close', async () => {
    await expectNoLeak(async () => {
      const server = new LineServer({ path: freshPath(), logger: false, withAck: true })
      await server.run()
      const client = await LineClient.connect(server.path)
      await client.sendAndWait('x')
      await Promise.all([client.exit(), server.shutdown()])
    }, leakRounds)
  }, 60_000)
})

describe.skipIf(python.missing || namedPipes)("Python's socket as the client of py-unix-socket", () => {
  test('sends, reads the acknowledgement, and exits', async () => {
    const got: string[] = []
    const server = await serve({ withAck: true, handler: (line) => got.push(line) })
    const script = new URL('./fixtures/line_client.py', import.meta.url).pathname
    const client = spawnProgram(python.path, [script, server.path])
    expect(await client.exit).toEqual({ code: 0, signal: null })
    expect(client.stdout()).toBe("Received : '__ACK__\\n'\nAt the end : b''\n")
    expect(got).toEqual(['foobar'])
  })
})

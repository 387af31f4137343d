/** The promises of go-winio's pipe_test.go under their own names, for every kind of stream of this system. */
import { describe, expect, test } from 'vitest'
import { errorOf, isWine } from '@uds/testkit'
import { WinListener, WinStream, type BlockingStream } from '../src/index.ts'
import { acting } from './actors.ts'
import { bytes, duration, expectCode, pattern } from './expect.ts'
import { kindsHere, win } from './kinds.ts'
import { traced } from './traced.ts'

describe.each(kindsHere)('$name, as go-winio', (kind) => {
  test('DialUnknownFailsImmediately', () => {
    const address = kind.fresh()
    const attempts = traced(() =>
      expectCode('ECONNREFUSED', () => kind.connectWithTimeout(address, 0)),
    ).filter(({ syscall }) => /^(connect|CreateFileW)$/.test(syscall))
    expect(attempts).toHaveLength(1)
  })

  test('DialListenerTimesOut: nobody accepts, and there is no more room to wait in', () => {
    const address = kind.fresh()
    const listener = kind.Listener.bind(address, { backlog: 1 })
    const waiting: BlockingStream[] = []
    errorOf(() => {
      for (;;) waiting.push(kind.connectWithTimeout(address, 0))
    })
    const took = duration(() => expectCode('ECONNREFUSED', () => kind.connectWithTimeout(address, 250)))
    expect(took).toBeGreaterThanOrEqual(249)
    expect(waiting.length).toBeGreaterThan(0)
    for (const each of [...waiting, listener]) each.close()
  })

  test('DialContextListenerTimesOut: nobody listens', () => {
    const address = kind.fresh()
    const took = duration(() => expectCode('ECONNREFUSED', () => kind.connectWithTimeout(address, 250)))
    expect(took).toBeGreaterThanOrEqual(249)
  })

  test('DialListenerGetsCancelled: the last error is the cause', () => {
    const error = errorOf(() => kind.connectWithTimeout(kind.fresh(), 1))
    expect((error.cause as { code: string }).code).toBe('ENOENT')
  })

  test('DialContextListenerComesLater', async () => {
    const address = kind.fresh()
    const client = await acting({ do: 'connect', address, data: bytes('late'), timeoutMs: 10_000 })
    const listener = kind.bind(address)
    const stream = listener.accept({ timeoutMs: 10_000 })
    expect(stream.readToEnd().toString()).toBe('late')
    await client.done
    stream.close()
    listener.close()
  })

  test('CloseAbortsListen', async () => {
    const listener = kind.bind(kind.fresh())
    const closer = await acting({ do: 'shutdownListener' }, listener.tryClone().transfer())
    expectCode('ECANCELED', () => listener.accept())
    await closer.done
    expectCode('ECANCELED', () => listener.accept())
    listener.close()
  })

  test('AcceptAfterCloseFails', () => {
    const listener = kind.bind(kind.fresh())
    listener.close()
    expectCode('EBADF', () => listener.accept())
  })

  test('CloseClientEOFServer', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const client = kind.connect(address)
    const server = listener.accept()
    client.close()
    expect(server.read(Buffer.alloc(1))).toBe(0)
    server.close()
    listener.close()
  })

  test('CloseServerEOFClient', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const client = kind.connect(address)
    listener.accept().close()
    expect(client.read(Buffer.alloc(1))).toBe(0)
    expectCode('EPIPE', () => client.write(bytes('x')))
    client.close()
    listener.close()
  })

  test('ReadTimeout', () => {
    const [a, b] = kind.pair()
    const took = duration(() => expectCode('ETIMEDOUT', () => a.read(Buffer.alloc(1), { timeoutMs: 60 })))
    expect(took).toBeGreaterThanOrEqual(59)
    expect(took).toBeLessThan(10_000)
    a.close()
    b.close()
  })

  test('TimeoutPendingRead: a timeout that is set while the read waits', async () => {
    const [a, b] = kind.pair()
    const setter = await acting({ do: 'setReadTimeout', ms: 1 }, a.tryClone().transfer())
    expectCode('ETIMEDOUT', () => a.read(Buffer.alloc(1)))
    await setter.done
    for (const each of [a, b]) each.close()
  })

  test('TimeoutPendingWrite: a timeout that is set while the write waits', async () => {
    const [a, b] = kind.pair()
    const setter = await acting({ do: 'setWriteTimeout', ms: 1 }, a.tryClone().transfer())
    expectCode('ETIMEDOUT', () => a.write(pattern(2 ** 22)))
    await setter.done
    for (const each of [a, b]) each.close()
  })

  test('a write that times out tells how many bytes the peer can read', () => {
    const [a, b] = kind.pair()
    const data = pattern(2 ** 22)
    a.setWriteTimeout(60)
    const error = errorOf(() => a.write(data))
    expect(error.code).toBe('ETIMEDOUT')
    const sent = error.bytesTransferred ?? -1
    expect(sent).toBeGreaterThan(0)
    a.close()
    expect(b.readToEnd().equals(data.subarray(0, sent))).toBe(true)
    b.close()
  })

  test('FullListenDialReadWrite: a line goes there and back', async () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const server = await acting({ do: 'serve', connections: 1 }, listener.transfer())
    const client = kind.connectWithTimeout(address, 5000)
    client.writeAll(bytes('hello world\n'))
    expect(client.readExact(12).toString()).toBe('hello world\n')
    client.close()
    expect((await server.done).code).toBeUndefined()
  })

  test('DisconnectPipe: what was flushed is read, and then the end', async () => {
    const [a, b] = kind.pair()
    const reader = await acting({ do: 'readExact', bytes: 3 }, b.tryClone().transfer())
    a.writeAll(bytes('foo'))
    a.flush()
    a.close()
    expect((await reader.done).result).toEqual(Uint8Array.from(bytes('foo')))
    expect(b.read(Buffer.alloc(1))).toBe(0)
    b.close()
  })

  test('ConnectRace: clients that come before accept are all served', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const clients = Array.from({ length: 8 }, () => kind.connect(address))
    clients.forEach((client, index) => client.writeAll(Buffer.of(index)))
    const seen = clients.map(() => {
      const stream = listener.accept({ timeoutMs: 5000 })
      const [first] = stream.readExact(1)
      stream.close()
      return first
    })
    expect(seen.toSorted((one, other) => (one ?? 0) - (other ?? 0))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    clients.forEach((client) => client.close())
    listener.close()
  })

  test('ListenConnectRace: a name can be bound, connected to and closed over and over', () => {
    const address = kind.fresh()
    for (let round = 0; round < 25; round += 1) {
      const listener = kind.bind(address)
      const client = kind.connect(address)
      const server = listener.accept()
      server.writeAll(bytes('x'))
      expect(client.readExact(1).toString()).toBe('x')
      for (const each of [client, server, listener]) each.close()
    }
  })
})

const messagePair = (): [WinStream, WinStream] => {
  const address = win.fresh()
  const listener = WinListener.bind(address, { messageMode: true })
  const client = WinStream.connect(address)
  const server = listener.accept()
  listener.close()
  return [client, server]
}

describe.skipIf(!win.here)('messages, as go-winio', () => {
  test('CloseWriteEOF: after shutdown of writing the peer reads the end and can answer', () => {
    const [client, server] = messagePair()
    client.writeAll(bytes('request'))
    client.shutdown('write')
    expect(server.readToEnd().toString()).toBe('request')
    expect(server.read(Buffer.alloc(1))).toBe(0)
    server.writeAll(bytes('late reply'))
    server.close()
    expect(client.readToEnd().toString()).toBe('late reply')
    expectCode('EPIPE', () => client.write(bytes('more')))
    client.close()
  })

  test('EchoWithMessaging: the server echoes until the end that the client sends', async () => {
    const address = win.fresh()
    const listener = WinListener.bind(address, { messageMode: true })
    const server = await acting({ do: 'serve', connections: 1 }, listener.transfer())
    const client = WinStream.connect(address)
    client.write(Uint8Array.of(0, 1))
    client.shutdown('write')
    expect([...client.readToEnd()]).toEqual([0, 1])
    expect((await server.done).code).toBeUndefined()
    client.close()
  })

  test('MessageReadMode: a read never goes beyond a message, and a long one is read in parts', () => {
    const [client, server] = messagePair()
    client.write(bytes('one'))
    client.writeVectored([bytes('tw'), bytes('o')])
    client.write(bytes('three!'))
    const buffer = Buffer.alloc(4)
    expect(server.messageMode).toBe(true)
    expect(client.messageMode).toBe(true)
    const read = (): string => buffer.toString('utf8', 0, server.read(buffer))
    expect([read(), read(), read(), read()]).toEqual(['one', 'two', 'thre', 'e!'])
    client.close()
    server.close()
  })
})

describe.skipIf(!win.here)('time and access, as go-winio', () => {
  test('DialTimesOutByDefault: after a second, the last error is the cause', () => {
    const address = win.fresh()
    const listener = WinListener.bind(address, { backlog: 1 })
    const waiting = WinStream.connect(address)
    let error = new Error('nothing was thrown')
    const took = duration(() => {
      error = errorOf(() => WinStream.connect(address))
    })
    expect(took).toBeGreaterThanOrEqual(999)
    expect(error).toMatchObject({ code: 'ECONNREFUSED', cause: { code: 'EBUSY' } })
    for (const each of [waiting, listener]) each.close()
  })

  // Wine keeps the list, and lets everybody in.
  test.skipIf(isWine)('DialAccessDeniedWithRestrictedSD: at once', () => {
    const address = win.fresh()
    const listener = WinListener.bind(address, { security: { sddl: 'D:P(A;;GA;;;AN)' } })
    const error = errorOf(() => WinStream.connectWithTimeout(address, 60_000))
    expect([error.code, error.message]).toEqual(['EACCES', expect.stringContaining('access control list')])
    listener.close()
  })
})

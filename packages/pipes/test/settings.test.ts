/** Timeouts, modes, clones and addresses. */
import { describe, expect, test, vi } from 'vitest'
import { LocalListener, LocalSocketAddr, LocalStream, UnixStream, WinStream } from '../src/index.ts'
import { errorOf, freshName, tempDir } from '@uds/testkit'
import { acting } from './actors.ts'
import { bytes, duration, expectCode, pattern } from './expect.ts'
import { kindsHere } from './kinds.ts'
import { traced } from './traced.ts'

describe.each(kindsHere)('$name', (kind) => {
  test('timeouts are infinite at first, and are what was set, for clones too', () => {
    const [a, b] = kind.pair()
    const clone = a.tryClone()
    expect([a.readTimeout(), a.writeTimeout()]).toEqual([null, null])
    clone.setReadTimeout(1500)
    clone.setWriteTimeout(2500)
    expect([a.readTimeout(), a.writeTimeout()]).toEqual([1500, 2500])
    clone.setReadTimeout(null)
    expect(a.readTimeout()).toBeNull()
    for (const each of [a, b, clone]) each.close()
  })

  test('a timeout ends a read on time again and again, and data ends it before', () => {
    const [a, b] = kind.pair()
    a.setReadTimeout(40)
    for (let round = 0; round < 3; round += 1) {
      const took = duration(() => expectCode('ETIMEDOUT', () => a.read(Buffer.alloc(8))))
      expect(took).toBeGreaterThanOrEqual(39)
      expect(took).toBeLessThan(10_000)
    }
    b.writeAll(bytes('now'))
    expect(a.read(Buffer.alloc(8))).toBe(3)
    a.setReadTimeout(null)
    b.close()
    expect(a.read(Buffer.alloc(8))).toBe(0)
    a.close()
  })

  test('timeoutMs of a call replaces the timeout and the mode that are set', () => {
    const [a, b] = kind.pair()
    a.setNonblocking(true)
    expect(a.nonblocking()).toBe(true)
    expectCode('EAGAIN', () => a.read(Buffer.alloc(1)))
    expectCode('ETIMEDOUT', () => a.read(Buffer.alloc(1), { timeoutMs: 20 }))
    expectCode('ETIMEDOUT', () => a.read(Buffer.alloc(1), { timeoutMs: 0 }))
    b.writeAll(bytes('x'))
    expect(a.read(Buffer.alloc(1), { timeoutMs: null })).toBe(1)
    a.close()
    b.close()
  })

  test('a non-blocking write takes what fits and tells how much; the peer reads exactly that', () => {
    const [a, b] = kind.pair()
    const data = pattern(2 ** 20)
    a.setNonblocking(true)
    let sent = 0
    const error = errorOf(() => {
      for (;;) sent += a.write(data.subarray(sent))
    })
    expect(error.code).toBe('EAGAIN')
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThan(data.length)
    expect(Buffer.from(b.readExact(sent)).equals(data.subarray(0, sent))).toBe(true)
    b.setNonblocking(true)
    expectCode('EAGAIN', () => b.read(Buffer.alloc(1)))
    a.close()
    b.close()
  })

  test('the connection is closed with the last of its clones', () => {
    const [a, b] = kind.pair()
    const clone = a.tryClone()
    a.close()
    a.close()
    clone.writeAll(bytes('still here'))
    clone.close()
    expect(b.readToEnd().toString()).toBe('still here')
    b.close()
  })

  test('one thread reads while another writes', async () => {
    const [a, b] = kind.pair()
    const data = pattern(2 ** 21)
    const echo = await acting({ do: 'echo' }, b.transfer())
    const writer = await acting({ do: 'write', data }, a.tryClone().transfer())
    expect(Buffer.from(a.readExact(data.length)).equals(data)).toBe(true)
    expect((await writer.done).code).toBeUndefined()
    a.close()
    expect((await echo.done).code).toBeUndefined()
  })

  test('readExact fails with EOF when the stream ends early, and tells how much came', () => {
    const [a, b] = kind.pair()
    b.writeAll(bytes('abc'))
    b.close()
    const error = errorOf(() => a.readExact(5))
    expect([error.code, error.bytesTransferred]).toEqual(['EOF', 3])
    a.close()
  })

  test('timeoutMs of readExact bounds the whole, and what came is in the buffer', () => {
    const [a, b] = kind.pair()
    b.writeAll(bytes('abc'))
    const buffer = Buffer.alloc(5)
    const error = errorOf(() => a.readExact(buffer, { timeoutMs: 50 }))
    expect([error.code, error.bytesTransferred, buffer.toString()]).toEqual(['ETIMEDOUT', 3, 'abc\0\0'])
    a.close()
    b.close()
  })

  test('readToEnd takes no more than it may', () => {
    const [a, b] = kind.pair()
    b.writeAll(Buffer.alloc(100))
    b.close()
    expectCode('ENOBUFS', () => a.readToEnd({ maxBytes: 99 }))
    a.close()
  })

  test('several buffers are written as one and filled in turn', () => {
    const [a, b] = kind.pair()
    expect(a.writeVectored([bytes('one '), Buffer.alloc(0), bytes('two '), bytes('three')])).toBe(13)
    const parts = [Buffer.alloc(5), Buffer.alloc(0), Buffer.alloc(5), Buffer.alloc(5)]
    expect(b.readVectored(parts)).toBe(13)
    expect(Buffer.concat(parts).toString()).toBe('one two three\0\0')
    a.close()
    b.close()
  })

  test('more buffers than the system takes at once arrive in order', async () => {
    const [a, b] = kind.pair()
    const parts = Array.from({ length: 3000 }, (_, index) => Buffer.from(`${index} `.repeat(20)))
    const reader = await acting({ do: 'readToEnd' }, b.transfer())
    const whole = Buffer.concat(parts)
    expect(a.writeVectored(parts)).toBe(whole.length)
    a.close()
    expect(whole.equals((await reader.done).result as Uint8Array)).toBe(true)
  })

  test('peek shows what the next read gives, and waits for it; available counts it', () => {
    const [a, b] = kind.pair()
    const buffer = Buffer.alloc(8)
    expectCode('ETIMEDOUT', () => b.peek(buffer, { timeoutMs: 20 }))
    expect(b.available()).toBe(0)
    a.writeAll(bytes('seen'))
    expect([b.peek(buffer), b.peek(buffer), b.available(), b.read(buffer), b.available()]).toEqual([
      4, 4, 4, 4, 0,
    ])
    a.close()
    expect(b.peek(buffer)).toBe(0)
    b.close()
  })

  test('a stream is an iterable of chunks, and of lines', () => {
    const [a, b] = kind.pair()
    a.writeAll(bytes('first\r\nsecond\n\nthe lást'))
    a.close()
    expect([...b.lines()]).toEqual(['first', 'second', '', 'the lást'])
    b.close()
    const [c, d] = kind.pair()
    c.writeAll(bytes('chunk'))
    c.close()
    expect(Buffer.concat([...d]).toString()).toBe('chunk')
    d.close()
  })

  test('a line that is too long is an error, not a full memory', () => {
    const [a, b] = kind.pair()
    a.writeAll(Buffer.alloc(1000, 'x'))
    expectCode('EMSGSIZE', () => [...b.lines({ maxBytes: 999 })])
    a.close()
    b.close()
  })

  test('incoming gives every client and goes on after an error', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    listener.setAcceptTimeout(30)
    const incoming = listener.incoming()
    expectCode('ETIMEDOUT', () => incoming.next())
    const client = kind.connect(address)
    const { value } = incoming.next() as { value: LocalStream }
    value.close()
    client.close()
    listener.close()
  })

  test('an accept timeout of 0 looks once, and null waits again', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    listener.setAcceptTimeout(0)
    expect(listener.acceptTimeout()).toBe(0)
    expectCode('ETIMEDOUT', () => listener.accept())
    const client = kind.connect(address)
    listener.accept().close()
    listener.setAcceptTimeout(null)
    expect(listener.acceptTimeout()).toBeNull()
    for (const each of [client, listener]) each.close()
  })

  test('an address object binds and connects as its text does; a connect with the time 0 is one attempt', () => {
    const address = LocalSocketAddr.fromPathname(kind.fresh())
    const attempts = traced(() =>
      expectCode('ECONNREFUSED', () => LocalStream.connectAddrWithTimeout(address, 0)),
    ).filter(({ syscall }) => /^(connect|CreateFileW)$/.test(syscall))
    expect(attempts).toHaveLength(1)
    const listener = LocalListener.bindAddr(address)
    const clients = [LocalStream.connectAddr(address), LocalStream.connectAddrWithTimeout(address, 1000)]
    for (const client of clients) {
      listener.accept().close()
      expect(client.peerAddr().equals(address)).toBe(true)
      client.close()
    }
    listener.close()
  })

  test('a running accept goes on under a timeout that a clone sets', async () => {
    const listener = kind.bind(kind.fresh())
    const other = await acting({ do: 'setAcceptTimeout', ms: 50 }, listener.tryClone().transfer())
    expectCode('ETIMEDOUT', () => listener.accept())
    expect(listener.acceptTimeout()).toBe(50)
    await other.done
    listener.close()
  })

  test('an address says what was bound, and can be connected to', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    expect(listener.localAddr().asPathname()).toBe(address)
    expect(listener.localAddr().isUnnamed()).toBe(false)
    const client = LocalStream.connect(listener.localAddr().toString())
    expect(client.peerAddr().asPathname()).toBe(address)
    const server = listener.accept()
    expect(server.localAddr().asPathname()).toBe(address)
    for (const each of [client, server, listener]) each.close()
    const [a, b] = kind.pair()
    expect([a.localAddr().isUnnamed(), b.peerAddr().isUnnamed()]).toEqual([true, true])
    a.close()
    b.close()
  })

  test('nothing waits on a healthy stream and listener', () => {
    const [a, b] = kind.pair()
    const listener = kind.bind(kind.fresh())
    expect([a.takeError(), listener.takeError()]).toEqual([null, null])
    for (const each of [a, b, listener]) each.close()
  })

  test('a raw handle can be given away and taken back', () => {
    const [a, b] = kind.pair()
    const number = a.rawHandle
    expect(a.intoRawHandle()).toBe(number)
    expect(a.closed).toBe(true)
    const again =
      kind.Stream === WinStream ? WinStream.fromRawHandle(number) : UnixStream.fromRawHandle(number)
    again.writeAll(bytes('x'))
    expect(b.readExact(1).toString()).toBe('x')
    const clone = again.tryClone()
    expectCode('ERR_INVALID_ARG_TYPE', () => again.intoRawHandle())
    for (const each of [again, clone, b]) each.close()
  })

  test('dispose closes', () => {
    const [a, b] = kind.pair()
    {
      using stream = a
      stream.writeAll(bytes('x'))
    }
    expect(a.closed).toBe(true)
    expect(b.readToEnd().toString()).toBe('x')
    b.close()
  })
})

test('two lines of a program are the same on every system: a bare word', () => {
  vi.stubEnv('XDG_RUNTIME_DIR', tempDir())
  const name = freshName()
  const listener = LocalListener.bind(name)
  const client = LocalStream.connect(name)
  const server = listener.accept()
  expect(
    server instanceof LocalStream && client instanceof LocalStream && listener instanceof LocalListener,
  ).toBe(true)
  client.writeAll(bytes('Hello World'))
  expect(server.readExact(11).toString()).toBe('Hello World')
  expect(server.peerCredentials().pid).toBe(process.pid)
  for (const each of [client, server]) each.close()
  const again = LocalStream.connect(`name:${name}`)
  listener.accept().close()
  again.close()
  listener.close()
  vi.unstubAllEnvs()
})

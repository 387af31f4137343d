/** The thirteen defects of winpipe 0.1.0: each test fails with its own. */
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { errorOf, handleCount } from '@uds/testkit'
import { LocalListener, LocalStream, WinListener, WinStream } from '../src/index.ts'
import { acting } from './actors.ts'
import { bytes, duration, expectCode, pattern } from './expect.ts'
import { kindsHere, local, win } from './kinds.ts'

describe.each(kindsHere)('$name has none of the defects', (kind) => {
  test('1: a non-blocking accept is EAGAIN without a client and gives the client that is there, and blocking works again', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    listener.setNonblocking(true)
    expectCode('EAGAIN', () => listener.accept())
    expectCode('EAGAIN', () => listener.accept())
    const clients = [kind.connect(address), kind.connect(address)]
    const streams = [listener.accept(), listener.accept()]
    expectCode('EAGAIN', () => listener.accept())
    listener.setNonblocking(false)
    clients.push(kind.connect(address))
    streams.push(listener.accept())
    for (const each of [...clients, ...streams, listener]) each.close()
  })

  test('2: turning non-blocking mode on and off leaves no EAGAIN behind', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    for (let round = 0; round < 5; round += 1) listener.setNonblocking(round % 2 === 0)
    listener.setNonblocking(false)
    expectCode('ETIMEDOUT', () => listener.accept({ timeoutMs: 50 }))
    const client = kind.connect(address)
    listener.accept().close()
    client.close()
    listener.close()
  })

  test('3: shutdown does something: reads give 0, writes EPIPE, and calls that wait in another thread end', async () => {
    const [a, b] = kind.pair()
    const other = await acting({ do: 'shutdown', how: 'read', during: 'read' }, a.tryClone().transfer())
    expect(a.read(Buffer.alloc(1))).toBe(0)
    await other.done
    a.shutdown('write')
    expectCode('EPIPE', () => a.write(bytes('x')))
    a.close()
    b.close()
  })

  test('3: a write that waits ends by a shutdown of writing in another thread', async () => {
    const [a, b] = kind.pair()
    const other = await acting({ do: 'shutdown', how: 'write', during: 'write' }, a.tryClone().transfer())
    expectCode('EPIPE', () => a.write(Buffer.alloc(2 ** 22)))
    await other.done
    a.close()
    b.close()
  })

  test('4: a client that connects before accept is not lost', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const client = kind.connect(address)
    client.writeAll(bytes('early'))
    const stream = listener.accept({ timeoutMs: 5000 })
    expect(stream.readExact(5).toString()).toBe('early')
    for (const each of [client, stream, listener]) each.close()
  })

  test('6: a client that connects, writes and leaves before accept is delivered', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const client = kind.connect(address)
    client.writeAll(bytes('gone'))
    client.close()
    const stream = listener.accept({ timeoutMs: 5000 })
    expect(stream.readToEnd().toString()).toBe('gone')
    stream.close()
    const next = kind.connect(address)
    listener.accept({ timeoutMs: 5000 }).close()
    next.close()
    listener.close()
  })

  test('6: a write to a peer that has closed is EPIPE', () => {
    const [a, b] = kind.pair()
    b.close()
    expectCode('EPIPE', () => a.write(bytes('x')))
    a.close()
  })

  test(
    '7: many changes of settings during a call neither end it early nor harm its memory',
    { timeout: 60_000 },
    async () => {
      const [a, b] = kind.pair()
      const changes = { threads: 4, times: 100, made: new SharedArrayBuffer(4) }
      const changers = await Promise.all(
        Array.from({ length: changes.threads }, () =>
          acting({ do: 'changeReadTimeout', changes }, a.tryClone().transfer()),
        ),
      )
      // The call lasts until all changes were made: nothing is written before.
      const writer = await acting({ do: 'write', data: pattern(300_000), after: changes }, b.transfer())
      expect(a.readToEnd().equals(pattern(300_000))).toBe(true)
      const outcomes = await Promise.all([...changers, writer].map((each) => each.done))
      expect(outcomes.filter(({ code }) => code !== undefined)).toEqual([])
      a.close()
    },
  )

  test('8: bind claims the name at once: a second one is EADDRINUSE', () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    expectCode('EADDRINUSE', () => kind.bind(address))
    const client = kind.connect(address)
    client.close()
    listener.close()
    kind.bind(address).close()
  })

  test('10: a write that times out tells exactly how much went out, and the stream can be gone on with', () => {
    const [a, b] = kind.pair()
    const data = pattern(2 ** 21)
    let sent = errorOf(() => a.write(data, { timeoutMs: 80 })).bytesTransferred ?? Number.NaN
    b.setReadTimeout(5000)
    const received = [b.readExact(sent)]
    a.write(data.subarray(sent, sent + 1000))
    received.push(b.readExact(1000))
    sent += 1000
    expect(Buffer.concat(received).equals(data.subarray(0, sent))).toBe(true)
    a.close()
    expect(b.read(Buffer.alloc(1))).toBe(0)
    b.close()
  })

  test('11: a running call goes on under a longer timeout that a clone sets', async () => {
    const [a, b] = kind.pair()
    // The other thread has so long to see that the call runs.
    a.setReadTimeout(2000)
    const other = await acting({ do: 'setReadTimeout', ms: 2200 }, a.tryClone().transfer())
    const took = duration(() => expectCode('ETIMEDOUT', () => a.read(Buffer.alloc(1))))
    expect(took).toBeGreaterThanOrEqual(2199)
    await other.done
    a.close()
    b.close()
  })

  test('11: setNonblocking in another thread ends a running call with EAGAIN', async () => {
    const [a, b] = kind.pair()
    const other = await acting({ do: 'setNonblocking', during: 'read' }, a.tryClone().transfer())
    expectCode('EAGAIN', () => a.read(Buffer.alloc(1)))
    await other.done
    a.close()
    b.close()
  })

  test('11: setNonblocking in another thread ends a running write, which tells exactly how much went out', async () => {
    const [a, b] = kind.pair()
    const other = await acting({ do: 'setNonblocking', during: 'write' }, a.tryClone().transfer())
    const data = pattern(2 ** 22)
    const error = errorOf(() => a.write(data))
    const sent = error.bytesTransferred ?? Number.NaN
    expect(error.code).toBe('EAGAIN')
    await other.done
    a.close()
    expect(b.readToEnd().equals(data.subarray(0, sent))).toBe(true)
    b.close()
  })

  test('11: setNonblocking in another thread ends a running accept with EAGAIN, and the listener goes on', async () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const other = await acting({ do: 'setAcceptNonblocking' }, listener.tryClone().transfer())
    expectCode('EAGAIN', () => listener.accept())
    await other.done
    const client = kind.connect(address)
    listener.accept().close()
    for (const each of [client, listener]) each.close()
  })

  test('11: a part of a millisecond is a millisecond, not 0', () => {
    const [a, b] = kind.pair()
    a.setReadTimeout(0.25)
    expect(a.readTimeout()).toBe(1)
    expect(duration(() => expectCode('ETIMEDOUT', () => a.read(Buffer.alloc(1))))).toBeGreaterThanOrEqual(0.9)
    a.close()
    b.close()
  })

  test('12: closing with unread data does not wait', () => {
    const [a, b] = kind.pair()
    a.writeAll(bytes('unread'))
    expect(duration(() => a.close())).toBeLessThan(4000)
    expect(b.readToEnd().toString()).toBe('unread')
    b.close()
  })

  test.skipIf(!kind.flushes)(
    '12: closing waits for the peer only as long as it is told to, and delivers all the same',
    () => {
      const [a, b] = kind.pair()
      a.writeAll(bytes('unread'))
      const took = duration(() => a.close({ flushMs: 80 }))
      expect(took).toBeGreaterThanOrEqual(79)
      expect(took).toBeLessThan(10_000)
      expect(b.readToEnd().toString()).toBe('unread')
      b.close()
    },
  )

  test('12: a second accept, in another thread, does not stop a non-blocking one', async () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const other = await acting({ do: 'accept' }, listener.tryClone().transfer())
    expect(duration(() => expectCode('ETIMEDOUT', () => listener.accept({ timeoutMs: 0 })))).toBeLessThan(
      4000,
    )
    const client = kind.connect(address)
    await other.done
    client.close()
    listener.close()
  })

  test('12: a listener that is closed is gone at once, and leaves no thread behind', async () => {
    kind.bind(kind.fresh()).close()
    const before = handleCount()
    const address = kind.fresh()
    const listener = kind.bind(address)
    expectCode('ETIMEDOUT', () => listener.accept({ timeoutMs: 20 }))
    listener.close()
    expectCode('ECONNREFUSED', () => kind.connectWithTimeout(address, 0))
    await wait(0)
    expect(handleCount() - before).toBeLessThan(20)
  })
})

describe.skipIf(!win.here)('named pipes have none of the defects', () => {
  test('5: a second client is served while the first one is, though no accept runs', () => {
    const address = win.fresh()
    const listener = WinListener.bind(address)
    const first = WinStream.connect(address)
    const served = listener.accept()
    const second = WinStream.connect(address)
    expect(listener.accept({ timeoutMs: 5000 }).close()).toBeUndefined()
    for (const each of [first, served, second, listener]) each.close()
  })

  test('5: a client waits while all instances are taken, and gets the one that becomes free', async () => {
    const address = win.fresh()
    const listener = WinListener.bind(address, { backlog: 1 })
    const first = WinStream.connect(address)
    const second = await acting({ do: 'connect', address, data: bytes('second'), timeoutMs: 10_000 })
    const one = listener.accept()
    const two = listener.accept({ timeoutMs: 10_000 })
    expect(two.readToEnd().toString()).toBe('second')
    await second.done
    for (const each of [first, one, two, listener]) each.close()
  })

  test('9: only this user may connect, the server may not act for the client, and names may be of any letters', () => {
    const address = `${win.fresh()}-Größe-日本`
    const listener = LocalListener.bind(address)
    const client = LocalStream.connect(address, { verifyServer: 'sameUser' })
    const server = listener.accept()
    expect(server.peerCredentials()).toEqual(client.peerCredentials())
    expect(listener.localAddr().asPathname()).toBe(address)
    for (const each of [client, server, listener]) each.close()
  })

  test('13: connect tries for one second, as it says', () => {
    const took = duration(() => expectCode('ECONNREFUSED', () => WinStream.connect(win.fresh())))
    expect(took).toBeGreaterThanOrEqual(999)
    expect(took).toBeLessThan(10_000)
  })
})

test('13: connectWithTimeout tries for the time it was given', () => {
  const took = duration(() => expectCode('ECONNREFUSED', () => local.connectWithTimeout(local.fresh(), 450)))
  expect(took).toBeGreaterThanOrEqual(449)
  expect(took).toBeLessThan(10_000)
})

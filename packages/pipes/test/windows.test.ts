/** What only named pipes have. */
import { errorOf } from '@uds/testkit'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { LocalListener, LocalStream, WinListener, WinStream } from '../src/index.ts'
import { traced } from './traced.ts'
import { bytes, duration, expectCode, pattern } from './expect.ts'
import { win } from './kinds.ts'

describe.skipIf(!win.here)('named pipes', () => {
  test.each(['current-user', 'authenticated-users', 'os-default', { sddl: 'D:P(A;;GA;;;WD)' }] as const)(
    'with the security %j this user may connect',
    (security) => {
      const name = win.fresh()
      const listener = WinListener.bind(name, { security })
      const client = WinStream.connect(name, { verifyServer: 'sameUser' })
      listener.accept().close()
      client.close()
      listener.close()
      expect(client.closed).toBe(true)
    },
  )

  test('a pipe of one way carries bytes that way, and says so the other way', () => {
    for (const direction of ['in', 'out'] as const) {
      const name = win.fresh()
      const listener = WinListener.bind(name, { direction })
      const client = WinStream.connect(name)
      const server = listener.accept({ timeoutMs: 5000 })
      const [from, to] = direction === 'in' ? [client, server] : [server, client]
      from.writeAll(bytes('one way'))
      expect(to.readExact(7).toString()).toBe('one way')
      for (const wrong of [
        () => to.writeAll(bytes('x')),
        () => from.read(Buffer.alloc(1), { timeoutMs: 100 }),
      ])
        expect(errorOf(wrong)).toMatchObject({
          code: 'EACCES',
          message: expect.stringContaining('the other direction only'),
        })
      from.close()
      expect(to.read(Buffer.alloc(1))).toBe(0)
      for (const each of [to, listener]) each.close()
    }
    expectCode('ERR_INVALID_ARG_VALUE', () => WinListener.bind(win.fresh(), { direction: 'inout' as never }))
  })

  test('a pipe has directories and spaces in its name, and cannot be taken over', () => {
    const name = `uds test\\${win.fresh().slice(9)} a`
    const listener = LocalListener.bind(`pipe:${name}`)
    const client = LocalStream.connect(`pipe:${name}`)
    listener.accept({ timeoutMs: 5000 }).close()
    client.close()
    const error = errorOf(() => LocalListener.bind(`pipe:${name}`, { takeOver: true }))
    expect(error).toMatchObject({ code: 'ENOTSUP', message: expect.stringContaining('unix:PATH') })
    listener.close()
  })

  test('a security that is none is refused in words', () => {
    expectCode('ERR_INVALID_ARG_VALUE', () =>
      WinListener.bind(win.fresh(), { security: { sddl: 'nonsense' } }),
    )
    expectCode('ERR_INVALID_ARG_TYPE', () =>
      WinListener.bind(win.fresh(), { security: 'everybody' as never }),
    )
  })

  test('as many clients may wait as the backlog says, and the next one is refused after its time', () => {
    const name = win.fresh()
    const listener = WinListener.bind(name, { backlog: 3 })
    const clients = [1, 2, 3].map(() => WinStream.connectWithTimeout(name, 0))
    const error = errorOf(() => WinStream.connectWithTimeout(name, 0))
    expect([error.code, (error.cause as { code: string }).code]).toEqual(['ECONNREFUSED', 'EBUSY'])
    const servers = clients.map(() => listener.accept({ timeoutMs: 1000 }))
    clients.push(WinStream.connectWithTimeout(name, 0))
    for (const each of [...clients, ...servers, listener]) each.close()
  })

  test('connectWithTimeout of 0 makes exactly one attempt, connect about five in a second', () => {
    const name = win.fresh()
    const attempts = (ms: number): number =>
      traced(() => errorOf(() => WinStream.connectWithTimeout(name, ms))).filter(
        ({ syscall }) => syscall === 'CreateFileW',
      ).length
    expect(attempts(0)).toBe(1)
    expect(attempts(1000)).toBeGreaterThanOrEqual(2)
    expect(attempts(1000)).toBeLessThanOrEqual(7)
  })

  test('rejectRemote can be changed while the listener lives, and clients that wait are kept', () => {
    const name = win.fresh()
    const listener = WinListener.bind(name, { backlog: 2 })
    const waiting = WinStream.connect(name)
    waiting.writeAll(bytes('kept'))
    listener.rejectRemote(false)
    listener.rejectRemote(true)
    const later = WinStream.connect(name)
    const served = [listener.accept({ timeoutMs: 1000 }), listener.accept({ timeoutMs: 1000 })]
    waiting.close()
    later.close()
    expect(served.map((each) => each.readToEnd().toString()).toSorted((a, b) => a.localeCompare(b))).toEqual([
      '',
      'kept',
    ])
    for (const each of [...served, listener]) each.close()
  })

  test('both ends know the process and the user of the other', () => {
    const [a, b] = WinStream.pair()
    expect(a.peerCredentials().pid).toBe(process.pid)
    expect(b.peerCredentials().sid).toMatch(/^S-1-5-/)
    a.close()
    b.close()
  })

  test('a flush has a time limit', () => {
    const [a, b] = WinStream.pair()
    a.writeAll(bytes('unread'))
    const took = duration(() => expectCode('ETIMEDOUT', () => a.flush({ timeoutMs: 100 })))
    expect(took).toBeLessThan(10_000)
    a.setNonblocking(true)
    expectCode('EAGAIN', () => a.flush())
    b.readExact(6)
    a.setNonblocking(false)
    a.flush()
    expect(duration(() => a.close({ flushMs: 60_000 }))).toBeLessThan(30_000)
    b.close()
  })

  test('a write larger than the buffer of the pipe arrives whole, with a timeout too', () => {
    const name = win.fresh()
    const listener = WinListener.bind(name, { bufferSize: 512 })
    const client = WinStream.connect(name)
    const server = listener.accept()
    client.setWriteTimeout(60)
    const data = pattern(100_000)
    const sent = errorOf(() => client.write(data)).bytesTransferred ?? 0
    expect(Buffer.from(server.readExact(sent)).equals(data.subarray(0, sent))).toBe(true)
    for (const each of [client, server, listener]) each.close()
  })

  test('the peer of a pipe of bytes reads the end at close, not at shutdown of writing', () => {
    const [a, b] = WinStream.pair()
    a.writeAll(bytes('x'))
    a.shutdown('write')
    expect(b.readExact(1).toString()).toBe('x')
    expectCode('ETIMEDOUT', () => b.read(Buffer.alloc(1), { timeoutMs: 50 }))
    b.writeAll(bytes('reply'))
    expect(a.readExact(5).toString()).toBe('reply')
    a.close()
    expect(b.read(Buffer.alloc(1))).toBe(0)
    b.close()
  })

  test('a message that a timeout tears breaks the stream for writing, and every later write says so', () => {
    const name = win.fresh()
    const listener = WinListener.bind(name, { messageMode: true, bufferSize: 512 })
    const client = WinStream.connect(name)
    const server = listener.accept()
    client.setWriteTimeout(60)
    expectCode('ETIMEDOUT', () => client.write(Buffer.alloc(100_000)))
    const clone = client.tryClone()
    for (const stream of [client, clone]) {
      const error = errorOf(() => stream.write(bytes('x')))
      expect([error.code, error.message]).toEqual(['EPIPE', expect.stringContaining('cut short')])
    }
    server.write(bytes('still read'))
    expect(client.readExact(10).toString()).toBe('still read')
    for (const each of [client, clone, server, listener]) each.close()
  })

  test('the end of the messages is the end for all clones, and a message of the peer is still read', () => {
    const name = win.fresh()
    const listener = WinListener.bind(name, { messageMode: true })
    const client = WinStream.connect(name)
    const server = listener.accept()
    const clone = client.tryClone()
    client.shutdown('write')
    expectCode('EPIPE', () => clone.write(bytes('x')))
    expect(server.peek(Buffer.alloc(1))).toBe(0)
    expect(server.read(Buffer.alloc(1))).toBe(0)
    server.write(Buffer.alloc(50_000, 'm'))
    expect(clone.readExact(50_000).every((byte) => byte === 109)).toBe(true)
    for (const each of [client, clone, server, listener]) each.close()
  })

  test('a Worker that ends by itself closes the events that it waited for', async () => {
    const listener = WinListener.bind(win.fresh(), { backlog: 8 })
    const counts = new Int32Array(new SharedArrayBuffer(8))
    const worker = new Worker(new URL('./fixtures/events.ts', import.meta.url), {
      workerData: { token: listener.tryClone().transfer(), counts },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    await once(worker, 'exit')
    expect([...counts]).toEqual([0, 8])
    listener.close()
  }, 60_000)
})

import { listening, text } from './doors.ts'
import cluster from 'node:cluster'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'
import { describe, expect, onTestFinished, test } from 'vitest'
import { socketPath, spawnScript, tempDir } from '@uds/testkit'
import * as names from '@uds/stream/net'
import { capabilities, SocketError } from '@uds/winsock-ffi'
import { unixNet } from '../src/net/unix-net.ts'

const can = capabilities()
const onWindows = can.system === 'win32'

// On POSIX the door is node:net: what holds for it has to hold for the classes of Windows, which run on every system.
const doors: [string, typeof unixNet][] = [
  ['the door', names],
  ['the AF_UNIX of Windows', unixNet],
]

type Failure = NodeJS.ErrnoException & { readonly address?: string; readonly port?: number }

const failureOf = async (emitter: net.Socket | net.Server): Promise<Failure> => {
  const [error] = (await once(emitter, 'error')) as [Failure]
  return error
}

/** A path that is longer than any sockaddr_un. */
const tooLong = (): string => join(tempDir(), 'x'.repeat(300))

describe.skipIf(!can.afUnix).each(doors)('%s', (_name, door) => {
  test.each<[string, (path: string) => net.Socket]>([
    ['connect(path).setNoDelay()', (path) => door.connect(path).setNoDelay()],
    ['connect(path).setNoDelay(false)', (path) => door.connect(path).setNoDelay(false)],
    ['connect(path).setKeepAlive(true, 1000)', (path) => door.connect(path).setKeepAlive(true, 1000)],
    ['new Socket().setNoDelay().connect(path)', (path) => new door.Socket().setNoDelay().connect(path)],
    [
      'connect({ path, noDelay, keepAlive })',
      (path) => door.connect({ path, noDelay: true, keepAlive: true }),
    ],
  ])('%s connects: options of TCP mean nothing for a path', async (_form, dial) => {
    const path = socketPath()
    const server = door.createServer({ noDelay: true, keepAlive: true }, (socket) => {
      socket.setNoDelay().setKeepAlive(true).end('hello')
    })
    await listening(server, path)
    expect(await text(dial(path))).toBe('hello')
  })

  test('every socket and server that Node makes is an instance of its classes', async () => {
    for (const at of [socketPath(), 0]) {
      const server = door.createServer()
      onTestFinished(() => void server.close())
      await new Promise<void>((resolve) =>
        at === 0 ? server.listen(0, resolve) : server.listen(at, resolve),
      )
      const accepted = once(server, 'connection') as Promise<[net.Socket]>
      const client = door.connect((at || (server.address() as net.AddressInfo).port) as string)
      const [socket] = await accepted
      expect([client, socket].map((each) => each instanceof door.Socket)).toEqual([true, true])
      expect(server).toBeInstanceOf(door.Server)
      client.destroy()
      socket.destroy()
    }
    expect(http.createServer()).toBeInstanceOf(door.Server)
    expect(new net.Socket()).toBeInstanceOf(door.Socket)
    class Derived extends door.Socket {}
    expect(new Derived()).toBeInstanceOf(Derived)
    expect(new door.Socket()).not.toBeInstanceOf(Derived)
    expect({}).not.toBeInstanceOf(door.Socket)
  })

  test.each<[string, () => string, (path: string) => net.Socket | net.Server]>([
    ['connect to nothing', () => join(tempDir(), 'missing'), (path) => door.connect(path)],
    [
      'connect to a regular file',
      () => {
        const path = join(tempDir(), 'file')
        writeFileSync(path, '')
        return path
      },
      (path) => door.connect(path),
    ],
    [
      'listen at a file',
      () => {
        const path = join(tempDir(), 'file')
        writeFileSync(path, '')
        return path
      },
      (path) => door.createServer().listen(path),
    ],
    [
      'listen in a missing directory',
      () => join(tempDir(), 'missing', 's'),
      (path) => door.createServer().listen(path),
    ],
  ])('the error of %s has the form of node:net, with the plain path', async (_what, make, begin) => {
    const path = make()
    const error = await failureOf(begin(path))
    expect(error.address).toBe(path)
    expect(error.errno).toBeLessThan(0)
    const { code, syscall } = error
    expect(error.message).toContain(syscall === 'connect' ? `connect ${code} ${path}` : `listen ${code}: `)
    expect(error.message.endsWith(` ${path}`)).toBe(true)
  })

  test('connect, createConnection and createServer can be called with new, as old programs do', async () => {
    const path = socketPath()
    const { createServer, connect, createConnection } = door as unknown as Record<
      'createServer' | 'connect' | 'createConnection',
      new (...args: unknown[]) => net.Server & net.Socket
    >
    await listening(new createServer((socket: net.Socket) => socket.end('old')), path)
    expect(await text(new connect(path))).toBe('old')
    expect(await text(new createConnection({ path }))).toBe('old')
  })

  test('observers see a path, and nothing of TCP', async () => {
    const path = socketPath()
    await listening(
      door.createServer((socket) => socket.end()),
      path,
    )
    const published: unknown[] = []
    const onSocket = (message: unknown): void => void published.push((message as { socket: unknown }).socket)
    subscribe('net.client.socket', onSocket)
    onTestFinished(() => void unsubscribe('net.client.socket', onSocket))
    const entries: unknown[] = []
    const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()))
    observer.observe({ type: 'net' })
    onTestFinished(() => observer.disconnect())
    const attempts: unknown[] = []
    const client = new door.Socket()
    for (const name of ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout'])
      client.on(name, (...args: unknown[]) => attempts.push([name, ...args]))
    client.connect(path)
    await once(client, 'connect')
    expect(attempts).toEqual([['connectionAttempt', path, undefined, undefined]])
    expect(client.address()).toEqual({})
    expect([client.remoteAddress, client.remotePort, client.remoteFamily]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    client.resume()
    await once(client, 'close')
    expect([...observer.takeRecords(), ...entries]).toEqual([])
    expect(published).toEqual([client])
  })

  test('a failed attempt is told to observers as well', async () => {
    const path = join(tempDir(), 'missing')
    const client = door.connect(path)
    const failed = once(client, 'connectionAttemptFailed')
    const error = await failureOf(client)
    expect(await failed).toEqual([path, undefined, undefined, error])
  })

  test('a failed listen is published by diagnostics_channel', async () => {
    const published: unknown[] = []
    const onError = (message: unknown): void => void published.push(message)
    const channel = 'tracing:net.server.listen:error'
    subscribe(channel, onError)
    onTestFinished(() => void unsubscribe(channel, onError))
    const path = join(tempDir(), 'file')
    writeFileSync(path, '')
    const server = door.createServer().listen(path)
    const error = await failureOf(server)
    expect(published).toEqual([expect.objectContaining({ server, error })])
  })

  test.skipIf(onWindows)('readableAll and writableAll let other users in', async () => {
    const path = socketPath()
    const server = door.createServer()
    onTestFinished(() => void server.close())
    server.listen({ path, readableAll: true, writableAll: true })
    await once(server, 'listening')
    expect((statSync(path).mode & 0o666).toString(8)).toBe('666')
  })

  test('a socket that was destroyed connects again', async () => {
    const path = socketPath()
    await listening(
      door.createServer((socket) => void socket.on('error', () => {}).end('again')),
      path,
    )
    const client = new door.Socket()
    client.connect(path).destroy()
    await once(client, 'close')
    client.connect(path)
    expect(await text(client)).toBe('again')
  })

  test('a second connect of a connected socket is an error, and not a second connection', async () => {
    const path = socketPath()
    let count = 0
    await listening(
      door.createServer(() => {
        count += 1
      }),
      path,
    )
    const client = door.connect(path)
    await once(client, 'connect')
    client.connect(path)
    expect((await failureOf(client)).code).toMatch(/EISCONN|EINVAL|EALREADY/)
    expect(count).toBeLessThanOrEqual(1)
  })

  test('a server that was dropped from gives no address of TCP', async () => {
    const path = socketPath()
    const server = door.createServer()
    server.maxConnections = 0
    await listening(server, path)
    const dropped = once(server, 'drop')
    door.connect(path).on('error', () => {})
    expect(await dropped).toEqual([])
  })
})

describe.skipIf(!can.afUnix)('the AF_UNIX of Windows', () => {
  test.each<[string, (path: string) => net.Socket | net.Server]>([
    ['connect(path)', (path) => unixNet.connect(path)],
    ['new Socket().connect({ path })', (path) => new unixNet.Socket().connect({ path })],
    ['createServer().listen(path)', (path) => unixNet.createServer().listen(path)],
  ])("a path that is too long is an 'error' of %s, in a later turn", async (_form, begin) => {
    const path = tooLong()
    const error = await failureOf(begin(path))
    expect(error).toBeInstanceOf(Error)
    // node:net of Node 22 cuts the path; later ones have EINVAL.
    expect(error.code).toBe('ENAMETOOLONG')
    expect(error.address).toBe(path)
  })

  test('the cause of an error is a SocketError with advice', async () => {
    const error = await failureOf(unixNet.connect(join(tempDir(), 'missing')))
    expect(error.cause).toBeInstanceOf(SocketError)
    expect((error.cause as SocketError).message).toMatch(/is the path right/)
  })

  test.runIf(onWindows)(
    'an access that Windows cannot grant is thrown by listen, and nothing listens',
    () => {
      for (const options of [{ readableAll: true }, { readableAll: true, writableAll: true }]) {
        const server = unixNet.createServer()
        onTestFinished(() => void server.close())
        try {
          server.listen({ path: socketPath(), ...options })
          // Windows sets the list of a socket file; Wine does not.
          expect(options).toHaveProperty('writableAll')
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENOTSUP' })
          expect(server.listening).toBe(false)
        }
      }
    },
  )

  test.skipIf(onWindows)('workers of a cluster share a path through the primary process', async () => {
    expect(cluster.isPrimary).toBe(true)
    const run = spawnScript(new URL('./fixtures/cluster-path.ts', import.meta.url), [socketPath()])
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(run.stdout().trim()).toBe('listening listening')
  })
})

describe.skipIf(!can.afUnix)('what register does to a whole program', () => {
  test('three workers of a cluster serve 30 connections in turns', async () => {
    const run = spawnScript(new URL('./fixtures/cluster-register.ts', import.meta.url), [socketPath()])
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(run.stdout().trim()).toBe('10 10 10')
  })

  test.each(['undici', 'http', 'http2', 'https', 'tls', 'driver'])('%s works by a path', async (name) => {
    const program = new URL('./fixtures/registered.ts', import.meta.url)
    const run = spawnScript(program, [name, socketPath()])
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(run.stdout().trim()).toBe('over a path')
  })
})

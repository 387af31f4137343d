import { listening, text } from './doors.ts'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import net from 'node:net'
import { pipeline } from 'node:stream/promises'
import tls from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectNoLeak, freshName, needs, socketPath, spawnProgram, spawnScript } from '@uds/testkit'
import door, * as names from '@uds/stream/net'
import { capabilities, sockets, UnixAddress } from '@uds/winsock-ffi'
import { unixNet } from '../src/net/unix-net.ts'

const can = capabilities()
const onWindows = can.system === 'win32'
const python = needs('python3')

// What Windows gets is made of Node's own classes, and works on every system: so it is tested on every system.
const doors: [string, typeof unixNet][] = [
  ['the door', names],
  ['the AF_UNIX of Windows', unixNet],
]

describe.skipIf(!can.afUnix).each(doors)(
  '%s',
  (_name, { createServer, createConnection, connect, Server, Socket }) => {
    test('a path is AF_UNIX for listen and connect, and the sockets are net.Sockets', async () => {
      const path = socketPath()
      const accepted = Promise.withResolvers<net.Socket>()
      const server = createServer(accepted.resolve)
      await listening(server, path)
      expect(server.listening).toBe(true)
      expect(server.address()).toBe(path)
      const client = createConnection(path)
      expect(client.connecting).toBe(true)
      await once(client, 'connect')
      const peer = await accepted.promise
      expect(client).toBeInstanceOf(net.Socket)
      expect(peer).toBeInstanceOf(net.Socket)
      peer.end('hello')
      expect(await text(client)).toBe('hello')
    })

    test.each([
      ['connect(path, callback)', (path: string, done: () => void) => connect(path, done)],
      ['connect({ path }, callback)', (path: string, done: () => void) => connect({ path }, done)],
      ['new Socket().connect(path)', (path: string, done: () => void) => new Socket().connect(path, done)],
      [
        'new Socket().connect({ path })',
        (path: string, done: () => void) => new Socket().connect({ path }, done),
      ],
    ])('%s calls back when connected', async (_form, dial) => {
      const path = socketPath()
      await listening(
        createServer((socket) => socket.end('x')),
        path,
      )
      const connected = Promise.withResolvers<void>()
      const client = dial(path, connected.resolve)
      await connected.promise
      expect(client.readyState).toBe('open')
      expect(await text(client)).toBe('x')
    })

    test.each([
      [
        'listen(path, callback)',
        (server: net.Server, path: string, done: () => void) => server.listen(path, done),
      ],
      [
        'listen(path, 5, callback)',
        (server: net.Server, path: string, done: () => void) => server.listen(path, 5, done),
      ],
      [
        'listen({ path, backlog })',
        (server: net.Server, path: string, done: () => void) => server.listen({ path, backlog: 5 }, done),
      ],
    ])('%s calls back when listening', async (_form, listen) => {
      const path = socketPath()
      const server = new Server()
      onTestFinished(() => void server.close())
      await new Promise<void>((resolve) => listen(server, path, resolve))
      expect(server.address()).toBe(path)
    })

    test('bytes written before the connection are sent', async () => {
      const path = socketPath()
      const got = Promise.withResolvers<string>()
      await listening(
        createServer((socket) => void text(socket).then(got.resolve)),
        path,
      )
      const client = connect(path)
      client.write('early ')
      client.end('bird')
      expect(await got.promise).toBe('early bird')
    })

    test('half close: a reply after the end arrives', async () => {
      const path = socketPath()
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        socket.resume().on('end', () => setImmediate(() => socket.end('late')))
      })
      await listening(server, path)
      const client = connect(path)
      client.end('question')
      expect(await text(client)).toBe('late')
    })

    test('64 MiB go through a pipeline in both directions', async () => {
      const path = socketPath()
      await listening(
        createServer((socket) => void pipeline(socket, socket).catch(() => {})),
        path,
      )
      const client = connect(path)
      const chunk = Buffer.alloc(2 ** 20, 'abcdefgh')
      let received = 0
      let wrong = 0
      client.on('data', (data: Buffer) => {
        // The pattern is 8 bytes long, so its first byte identifies any offset.
        if (data[0] !== chunk[received % 8]) wrong += 1
        received += data.length
      })
      for (let left = 64; left > 0; left -= 1) if (!client.write(chunk)) await once(client, 'drain')
      client.end()
      await once(client, 'end')
      expect(received).toBe(64 * 2 ** 20)
      expect(wrong).toBe(0)
    }, 60_000)

    test('an EventEmitter of Node: ref, unref, setTimeout, pauseOnConnect, getConnections', async () => {
      const path = socketPath()
      const server = createServer({ pauseOnConnect: true })
      const connection = once(server, 'connection') as Promise<[net.Socket]>
      await listening(server, path)
      server.unref().ref()
      const client = connect({ path, timeout: 30 })
      client.write('held')
      const [peer] = await connection
      await once(client, 'timeout')
      expect(peer.readableLength).toBe(0)
      expect(await new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))).toBe(1)
      peer.resume()
      const [data] = (await once(peer, 'data')) as [Buffer]
      expect(String(data)).toBe('held')
      client.destroy()
      await once(peer, 'close')
    })

    test('maxConnections drops what is beyond it', async () => {
      const path = socketPath()
      const server = createServer()
      server.maxConnections = 1
      await listening(server, path)
      const first = connect(path)
      await once(first, 'connect')
      const dropped = once(server, 'drop')
      const second = connect(path)
      await dropped
      expect(await text(second).catch(() => '')).toBe('')
      first.destroy()
    })

    test('TLS goes over it', async () => {
      // A pre-shared key needs no certificate.
      const psk = { psk: Buffer.from('0123456789abcdef'), identity: 'me' }
      const ciphers = 'PSK-AES128-GCM-SHA256'
      const path = socketPath()
      const options = { isServer: true, ciphers, maxVersion: 'TLSv1.2', pskCallback: () => psk.psk } as const
      const secure = tls.createServer({ ...options, pskCallback: () => psk.psk }, (socket) =>
        socket.end('secret'),
      )
      await listening(
        createServer((socket) => secure.emit('connection', socket)),
        path,
      )
      const client = tls.connect({
        socket: connect(path),
        ciphers,
        maxVersion: 'TLSv1.2',
        checkServerIdentity: () => undefined,
        pskCallback: () => psk,
      })
      expect(await text(client)).toBe('secret')
      expect(client.encrypted).toBe(true)
    })

    test('nobody there is an error event, and the socket is closed', async () => {
      const client = connect(socketPath())
      const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException]
      expect(error.code).toMatch(/ENOENT|ECONNREFUSED|EINVAL/)
      expect(error.syscall).toBe('connect')
      expect(client.destroyed).toBe(true)
    })

    test('destroy while connecting is quiet', async () => {
      const path = socketPath()
      await listening(createServer(), path)
      const client = connect(path)
      client.destroy()
      await once(client, 'close')
      expect(client.errored).toBeNull()
    })

    test('a path in use is EADDRINUSE as an event, and the file stays', async () => {
      const path = socketPath()
      await listening(createServer(), path)
      const second = createServer()
      second.listen(path)
      const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException]
      expect(error.code).toBe('EADDRINUSE')
      expect(second.listening).toBe(false)
      const client = connect(path)
      await once(client, 'connect')
      client.destroy()
    })

    test('close removes the file, and the path can be used again', async () => {
      const path = socketPath()
      for (let round = 0; round < 2; round += 1) {
        const server = createServer()
        await new Promise<void>((resolve) => server.listen(path, resolve))
        await new Promise<unknown>((resolve) => server.close(resolve))
      }
      expect(existsSync(path)).toBe(false)
    })

    test('a second listen of a server that listens is refused', async () => {
      const path = socketPath()
      const server = createServer()
      await listening(server, path)
      expect(() => server.listen(socketPath())).toThrow(
        expect.objectContaining({ code: 'ERR_SERVER_ALREADY_LISTEN' }),
      )
    })

    test('a signal closes the server', async () => {
      const abort = new AbortController()
      const server = createServer()
      server.listen({ path: socketPath(), signal: abort.signal })
      await once(server, 'listening')
      abort.abort()
      await once(server, 'close')
      expect(server.listening).toBe(false)
    })

    test('old programs call the classes without new, and inherit by call', async () => {
      const path = socketPath()
      const factory = Server as unknown as (listener: (socket: net.Socket) => void) => net.Server
      const server = factory((socket) => socket.end('old'))
      expect(server).toBeInstanceOf(Server)
      await listening(server, path)
      // eslint-disable-next-line func-style
      function Legacy(this: net.Socket): void {
        ;(Socket as unknown as (this: net.Socket) => void).call(this)
      }
      Object.setPrototypeOf(Legacy.prototype, Socket.prototype)
      const client = new (Legacy as unknown as typeof net.Socket)()
      client.connect(path)
      expect(await text(client)).toBe('old')
      class Modern extends Socket {}
      const modern = new Modern()
      modern.connect(path)
      expect(modern).toBeInstanceOf(Modern)
      expect(await text(modern)).toBe('old')
    })

    test('100 connections at once are all served', async () => {
      const path = socketPath()
      await listening(
        createServer((socket) => socket.pipe(socket)),
        path,
      )
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const client = connect(path)
          client.end(String(index))
          return await text(client)
        }),
      )
      expect(answers).toEqual(answers.map((_, index) => String(index)))
    })

    test('connecting and closing leaves no handle behind', async () => {
      const path = socketPath()
      await expectNoLeak(
        async () => {
          const server = createServer((socket) => socket.end())
          await new Promise<void>((resolve) => server.listen(path, resolve))
          const client = connect(path)
          await text(client)
          await new Promise((resolve) => server.close(resolve))
        },
        { times: 40 },
      )
    })

    test.skipIf(python.missing)('Python connects', async () => {
      const path = socketPath()
      await listening(
        createServer((socket) => socket.pipe(socket)),
        path,
      )
      const program = `
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b'ping'); s.shutdown(1); print(s.recv(10))`
      const peer = spawnProgram(python.path, ['-c', program, path])
      expect(await peer.exit).toEqual({ code: 0, signal: null })
      expect(peer.stdout().trim()).toBe("b'ping'")
    })
  },
)

describe.skipIf(!can.afUnix)('the AF_UNIX of Windows', () => {
  // Windows refuses, it is said (curl tries again then). Wine 11.10 lets the connect wait, also when there is room again: timeoutMs of `connect` ends it.
  test.skipIf(onWindows)('a full backlog is EAGAIN, as of node:net', async () => {
    const path = socketPath()
    const listener = sockets.open('unix')
    onTestFinished(() => listener.close())
    sockets.bind(listener, UnixAddress.path(path))
    sockets.listen(listener, 0)
    const first = unixNet.connect(path)
    await once(first, 'connect')
    const [error] = (await once(unixNet.connect(path), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toMatch(/EAGAIN|ECONNREFUSED/)
    first.destroy()
  })
})

describe('everything else', () => {
  test('is node:net', async () => {
    for (const [name, value] of Object.entries(net)) {
      if (['Server', 'Socket', 'Stream', 'connect', 'createConnection', 'createServer'].includes(name))
        continue
      expect(Object.entries(door), name).toContainEqual([name, value])
    }
    expect(names.isIP('::1')).toBe(6)
    expect(names.BlockList).toBe(net.BlockList)
  })

  test('on POSIX is node:net altogether', () => {
    expect([
      names.createServer === net.createServer,
      names.connect === net.connect,
      names.Socket === net.Socket,
    ]).toEqual([!onWindows, !onWindows, !onWindows])
  })

  test.each(doors)('a port is TCP: %s', async (_name, { createServer, connect }) => {
    const server = createServer((socket) => socket.end('tcp'))
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    expect(await text(connect(port, '127.0.0.1'))).toBe('tcp')
    expect(await text(connect({ port, host: '127.0.0.1' }))).toBe('tcp')
  })

  test.runIf(onWindows).each(doors)(
    'a named pipe stays one: %s',
    async (_name, { createServer, connect }) => {
      const path = `\\\\.\\pipe\\${freshName()}`
      const server = createServer((socket) => socket.end('pipe'))
      await listening(server, path)
      expect(await text(connect(path))).toBe('pipe')
    },
  )
})

describe.skipIf(!can.afUnix)('an unchanged program', () => {
  test('with --import @uds/stream/net/register serves and asks HTTP over AF_UNIX', async () => {
    const program = new URL('./fixtures/unchanged.cjs', import.meta.url)
    const register = new URL('../src/net/register.ts', import.meta.url)
    const path = socketPath()
    const run = spawnScript(program, [path], { execArgv: [`--import=${register.href}`] })
    await run.exit
    expect({ stdout: run.stdout(), stderr: run.stderr() }).toEqual({
      stdout: '200 over a path\nechoed by net\n',
      stderr: '',
    })
  })
})

/** Guests in C and Rust, one for each ABI, in every way of waiting. */
import { createServer as createHttpsServer } from 'node:https'
import { connect } from 'node:net'
import type { NetConnectOpts } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { needsGuest } from '@uds/guests'
import type { GuestName } from '@uds/guests'
import { socketPath } from '@uds/testkit'
import { waits } from './driver.ts'
import { runGuest, serve, serveEcho, startGuest } from './guest-run.ts'
import type { Ran } from './guest-run.ts'
import { makeIdentity, openssl } from './identity.ts'
import { refusedPort } from './refused-port.ts'

/** Says something to a server and gives its whole answer. */
const say = (options: NetConnectOpts, words: string): Promise<string> => {
  const socket = connect(options)
  socket.end(words)
  return text(socket)
}

const guests = Object.fromEntries(
  (
    [
      'preview1-client',
      'preview1-server',
      'rust-echo-server',
      'uds-checks',
      'uds-client',
      'uds-server',
      'uds-tls-client',
      'wamr-client',
      'wasix-client',
      'wasix-server',
      'wasmedge1-client',
      'wasmedge1-server',
      'wasmedge2-client',
      'wasmedge2-server',
      'zig-client',
    ] satisfies GuestName[]
  ).map((name) => [name, needsGuest(name)]),
) as Readonly<Record<GuestName, ReturnType<typeof needsGuest>>>

const missing = (...names: GuestName[]): boolean => names.some((name) => guests[name].missing)

describe.each(waits)('%s', (wait) => {
  describe.skipIf(missing('zig-client'))('a guest of zig-wasm-cpython', () => {
    const { path } = guests['zig-client']

    test('reaches a Unix socket by the name that a route gives it', async () => {
      const socket = socketPath()
      await serveEcho({ path: socket })
      const ran = await runGuest(path, {
        wait,
        args: ['zig-client', 'echo.internal', '7', 'hello'],
        sockets: { route: { 'echo.internal:7': `unix:${socket}` } },
      })
      // Closing what is closed gives 0 there, too.
      expect(ran).toEqual({ code: 0, stdout: 'got: hello\nclose: 0\nagain: 0\n', stderr: '' })
    })

    test('sees the numbers of Linux, or those of WASI when the host says so', async () => {
      const port = refusedPort()
      const args = ['zig-client', '127.0.0.1', String(port), 'hello']
      const sockets = { allow: ['connect:127.0.0.1:*'] }
      expect((await runGuest(path, { wait, args, sockets })).stdout).toBe('connect: errno 111\n')
      expect((await runGuest(path, { wait, args, sockets, errno: 'wasi' })).stdout).toBe(
        'connect: errno 14\n',
      )
    })

    test('is refused what nothing allows', async () => {
      const args = ['zig-client', '127.0.0.1', String(await serveEcho()), 'hello']
      expect((await runGuest(path, { wait, args })).stdout).toBe('connect: errno 13\n')
    })
  })

  test.skipIf(missing('preview1-client'))(
    'wasi-libc uses a connection that the host has opened',
    async () => {
      const port = await serveEcho()
      const { path } = guests['preview1-client']
      const sockets = { connected: [`tcp:127.0.0.1:${port}`] }
      const ran = await runGuest(path, { wait, args: ['preview1-client', '3', 'hello'], sockets })
      expect(ran).toEqual({ code: 0, stdout: 'got: hello\n', stderr: '' })
    },
  )

  describe.each(['preview1-server', 'rust-echo-server'] as const)('%s', (name) => {
    test.skipIf(missing(name))('accepts on a listener that the host has opened', async () => {
      const path = socketPath()
      const args = name === 'preview1-server' ? [name, '3', '3'] : [name, '3']
      const server = startGuest(guests[name].path, { wait, args, sockets: { listen: [`unix:${path}`] } })
      await server.waitFor(/listening/)
      const long = 'x'.repeat(300_000)
      expect(await Promise.all(['one', 'two', long].map((words) => say({ path }, words)))).toEqual([
        'one',
        'two',
        long,
      ])
      expect(await server.ended).toEqual({ code: 0, stdout: 'listening\nserved\n', stderr: '' })
    })
  })

  describe.each([1, 2] as const)('a guest of WasmEdge, version %d', (version) => {
    const client = `wasmedge${version}-client` as const
    const server = `wasmedge${version}-server` as const

    test.skipIf(missing(client))('dials', async () => {
      const args = [client, '127.0.0.1', String(await serveEcho()), 'hello']
      const ran = await runGuest(guests[client].path, {
        wait,
        args,
        sockets: { allow: ['connect:127.0.0.1:*'] },
      })
      expect(ran).toEqual({ code: 0, stdout: 'got: hello\n', stderr: '' })
    })

    test.skipIf(missing(server))('binds, listens and accepts', async () => {
      const running = startGuest(guests[server].path, {
        wait,
        args: [server, '2'],
        sockets: { allow: ['bind:127.0.0.1:0'] },
      })
      const port = Number((await running.waitFor(/listening on (\d+)/))[1])
      for (const words of ['one', 'two']) expect(await say({ port, host: '127.0.0.1' }, words)).toBe(words)
      expect((await running.ended).stdout).toBe(`listening on ${port}\nserved\n`)
    })
  })

  test.skipIf(missing('wasmedge2-client'))(
    'a guest of WasmEdge, version 2, dials a path of AF_UNIX',
    async () => {
      const path = socketPath()
      await serveEcho({ path })
      const args = ['wasmedge2-client', path, '0', 'hello']
      const sockets = { allow: [`connect:unix:${path}`] }
      const ran = await runGuest(guests['wasmedge2-client'].path, { wait, args, sockets })
      expect(ran).toEqual({ code: 0, stdout: 'got: hello\n', stderr: '' })
    },
  )

  test.skipIf(missing('wamr-client'))('a guest of WAMR dials a name', async () => {
    const args = ['wamr-client', 'echo.test', String(await serveEcho()), 'hello']
    const sockets = { allow: ['connect:echo.test:*'], resolve: { 'echo.test': ['127.0.0.1'] } }
    const ran = await runGuest(guests['wamr-client'].path, { wait, args, sockets })
    expect(ran).toEqual({ code: 0, stdout: 'got: hello\nagain: 8\n', stderr: '' })
  })

  describe.skipIf(missing('wasix-client', 'wasix-server'))('a guest of WASIX', () => {
    test('dials a name, and a path of AF_UNIX', async () => {
      const path = socketPath()
      await serveEcho({ path })
      const port = await serveEcho()
      const sockets = {
        allow: [`connect:echo.test:${port}`, `connect:unix:${path}`],
        resolve: { 'echo.test': ['127.0.0.1'] },
      }
      for (const host of ['echo.test', path]) {
        const ran = await runGuest(guests['wasix-client'].path, {
          wait,
          args: ['wasix-client', host, String(port), 'hello'],
          sockets,
        })
        expect(ran).toEqual({ code: 0, stdout: 'got: hello\n', stderr: '' })
      }
    })

    test('binds, listens and accepts, and has pairs', async () => {
      const running = startGuest(guests['wasix-server'].path, {
        wait,
        args: ['wasix-server', '2'],
        sockets: { allow: ['bind:127.0.0.1:0'] },
      })
      const port = Number((await running.waitFor(/listening on (\d+)/))[1])
      const long = 'x'.repeat(200_000)
      for (const words of ['one', long]) expect(await say({ port, host: '127.0.0.1' }, words)).toBe(words)
      expect((await running.ended).stdout).toBe(`listening on ${port}\nserved\n`)
    })

    test('is refused what nothing allows', async () => {
      const args = ['wasix-client', '127.0.0.1', String(await serveEcho()), 'hello']
      const ran = await runGuest(guests['wasix-client'].path, { wait, args })
      expect(ran.stdout).toBe('connect: errno 2\n')
    })
  })

  describe.skipIf(missing('uds-client', 'uds-server', 'uds-checks'))(
    'a POSIX program over the C library',
    () => {
      test('keeps every promise that the library makes', async () => {
        const path = socketPath()
        const ran = await runGuest(guests['uds-checks'].path, {
          wait,
          args: ['uds-checks', path],
          sockets: {
            allow: [
              'bind:127.0.0.1:*',
              'connect:127.0.0.1:*',
              'bind:udp:127.0.0.1:*',
              'connect:udp:127.0.0.1:*',
              'resolve:localhost',
              `bind:unix:${path}`,
              `connect:unix:${path}`,
            ],
          },
        })
        expect(ran.stdout).toMatch(/^\d+ checks, 0 failures\n$/)
        expect(ran.code).toBe(0)
      })

      test('dials a name that a route leads to a Unix socket, and a path', async () => {
        const path = socketPath()
        await serveEcho({ path })
        const sockets = { route: { 'echo.internal:7': `unix:${path}` }, allow: [`connect:unix:${path}`] }
        for (const host of ['echo.internal', path]) {
          const ran = await runGuest(guests['uds-client'].path, {
            wait,
            args: ['uds-client', host, '7', 'hello'],
            sockets,
          })
          expect(ran).toEqual({ code: 0, stdout: 'got: hello\n', stderr: '' })
        }
      })

      test('is told in words what was refused, and what would allow it', async () => {
        const args = ['uds-client', '127.0.0.1', '7', 'hello']
        const ran = await runGuest(guests['uds-client'].path, { wait, args })
        expect(ran.code).toBe(1)
        expect(ran.stdout).toContain(
          'connect: Permission denied (connect 127.0.0.1:7 is not allowed: add "connect:127.0.0.1:7"',
        )
      })

      test('serves many connections at once with poll, on TCP and on a path', async () => {
        const path = socketPath()
        const sockets = { allow: ['bind:127.0.0.1:0', `bind:unix:${path}`] }
        for (const address of ['127.0.0.1', path]) {
          const running = startGuest(guests['uds-server'].path, {
            wait,
            args: ['uds-server', address, '5'],
            sockets,
          })
          const [, where = ''] = await running.waitFor(/listening on (.+)\n/)
          const options = address === path ? { path } : { host: '127.0.0.1', port: Number(where) }
          const words = Array.from({ length: 5 }, (_, index) => String(index).repeat(50_000))
          expect(await Promise.all(words.map((each) => say(options, each)))).toEqual(words)
          expect((await running.ended).code).toBe(0)
        }
      })
    },
  )

  describe.skipIf(missing('uds-tls-client') || openssl.missing || wait === 'blocking')(
    'a C program with TLS at the host',
    () => {
      test('reads what a server says whose certificate it trusts, and is told why it must not trust another', async () => {
        const { key, cert } = makeIdentity('secure.test')
        const port = await serve(
          createHttpsServer({ key, cert }, (_request, response) => response.end('secret')),
        )
        const fetch = (...args: string[]): Promise<Ran> =>
          runGuest(guests['uds-tls-client'].path, {
            wait,
            args: ['uds-tls-client', '127.0.0.1', String(port), ...args],
            files: { '/app/ca.pem': cert },
            sockets: { allow: [`connect:127.0.0.1:${port}`] },
          })
        expect((await fetch('secure.test', '/app/ca.pem')).stdout).toMatch(
          /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nsecret$/,
        )
        expect((await fetch('secure.test')).stdout).toMatch(/^starttls: Permission denied \(.+\)\n$/)
        expect((await fetch('other.test', '/app/ca.pem')).stdout).toMatch(
          /^starttls: Permission denied \(.*other\.test.*\)\n$/,
        )
      })
    },
  )
})

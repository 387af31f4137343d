import { existsSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { createServer as createTlsServer } from 'node:tls'
import { UnixDatagramSocket } from '@uds/stream/datagram'
import { socketPath } from '@uds/testkit'
import { capabilities, InetAddress, sockets, type SocketHandle } from '@uds/winsock-ffi'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SocketsOptions } from '../src/index.ts'
import { drive, echo, errorText, OUT, serve, udsImports, waits, type Driven } from './driver.ts'
import { refusedPort } from './refused-port.ts'

const SUCCESS = 0
const EACCES = 2
const EADDRINUSE = 3
const EAFNOSUPPORT = 5
const EAGAIN = 6
const EBADF = 8
const ECONNREFUSED = 14
const EDESTADDRREQ = 17
const EFAULT = 21
const EINPROGRESS = 26
const EINVAL = 28
const EISCONN = 30
const ENOENT = 44
const ENOPROTOOPT = 50
const ENOTCONN = 53
const ENOTSUP = 58
const EPROTOTYPE = 67
const ETIMEDOUT = 73

const OUTSIDE = 0xffff_fff0 | 0
const ADDRESS = 64
const LENGTH = 16
const BUFFER = 1024

const open = async (guest: Driven, family = 2, type = 1): Promise<number> => {
  expect(await guest.call('uds_sock_open', family, type, OUT)).toBe(SUCCESS)
  return guest.u32(OUT)
}

/** The port that the guest's socket has. */
const portOf = async (guest: Driven, fd: number): Promise<number> => {
  expect(await guest.call('uds_sock_getsockname', fd, BUFFER, 128, LENGTH)).toBe(SUCCESS)
  const bytes = await guest.guest.read(BUFFER, 3)
  return (bytes[1]! << 8) | bytes[2]!
}

const receive = async (guest: Driven, fd: number): Promise<string> => {
  expect(await guest.call('uds_sock_recv', fd, BUFFER, 1024, 0, OUT)).toBe(SUCCESS)
  return guest.text(BUFFER, await guest.u32(OUT))
}

const ipv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ family }) => family === 'IPv6'))

const unixAddress = (path: string): number[] => [1, 0, 0, ...Buffer.from(path)]

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')

describe.each(waits)('uds_socket under %s', (wait) => {
  const start = (options: SocketsOptions = {}): Promise<Driven> =>
    drive({ imports: udsImports, host: { wait, sockets: options } })

  test('a guest binds, listens and accepts, and knows both addresses', async () => {
    const guest = await start({ allow: ['bind:127.0.0.1:0'] })
    const fd = await open(guest)
    await guest.address(ADDRESS, 0)
    expect(await guest.call('uds_sock_bind', fd, ADDRESS, 19)).toBe(SUCCESS)
    const port = await portOf(guest, fd)
    expect(port).toBeGreaterThan(0)
    expect(await guest.call('uds_sock_listen', fd, 5)).toBe(SUCCESS)
    const client = connect({ port, host: '127.0.0.1' })
    client.on('error', () => {})
    onTestFinished(() => void client.destroy())
    expect(await guest.call('uds_sock_accept', fd, 0, OUT, BUFFER, 128, LENGTH)).toBe(SUCCESS)
    const accepted = await guest.u32(OUT)
    expect(await guest.u32(LENGTH)).toBe(19)
    const peer = await guest.guest.read(BUFFER, 7)
    expect([...peer.subarray(3)]).toEqual([127, 0, 0, 1])
    expect((peer[1]! << 8) | peer[2]!).toBe(client.localPort)
    client.write('hi')
    expect(await receive(guest, accepted)).toBe('hi')
    expect(await guest.call('uds_sock_accept', accepted, 0, OUT, 0, 0, 0)).toBe(EINVAL)
    expect(await guest.call('uds_sock_set_nonblocking', fd, 1)).toBe(SUCCESS)
    expect(await guest.call('uds_sock_accept', fd, 0, OUT, 0, 0, 0)).toBe(EAGAIN)
    // A second socket at the same place.
    const second = await open(guest)
    await guest.address(ADDRESS, port)
    expect(await guest.call('uds_sock_bind', second, ADDRESS, 19)).toBe(EACCES)
    expect(await guest.call('uds_sock_close', fd)).toBe(SUCCESS)
    expect(await guest.call('uds_sock_close', fd)).toBe(EBADF)
  })

  test('an address that is taken is EADDRINUSE', async () => {
    const taken = await serve()
    const guest = await start({ allow: [`bind:127.0.0.1:${taken.port}`] })
    const fd = await open(guest)
    await guest.address(ADDRESS, taken.port)
    expect(await guest.call('uds_sock_bind', fd, ADDRESS, 19)).toBe(EADDRINUSE)
  })

  test('a timeout is ETIMEDOUT, DONTWAIT is EAGAIN, WAITALL waits for all, PEEK leaves it there', async () => {
    const server = await serve()
    const guest = await start({ allow: [`connect:127.0.0.1:${server.port}`] })
    const fd = await open(guest)
    await guest.address(ADDRESS, server.port)
    expect(await guest.call('uds_sock_connect', fd, ADDRESS, 19)).toBe(SUCCESS)
    const peer = await server.next()
    expect(await guest.call('uds_sock_set_timeout', fd, 1, 20)).toBe(SUCCESS)
    expect(await guest.call('uds_sock_recv', fd, BUFFER, 10, 0, OUT)).toBe(ETIMEDOUT)
    expect(await guest.call('uds_sock_recv', fd, BUFFER, 10, 4, OUT)).toBe(EAGAIN)
    expect(await guest.call('uds_sock_set_timeout', fd, 1, -1)).toBe(SUCCESS)
    peer.write('abc')
    setTimeout(() => peer.write('def'), 30)
    expect(await guest.call('uds_sock_recv', fd, BUFFER, 6, 2, OUT)).toBe(SUCCESS)
    expect(await guest.text(BUFFER, await guest.u32(OUT))).toBe('abcdef')
    peer.write('xyz')
    expect(await guest.call('uds_sock_recv', fd, BUFFER, 2, 1, OUT)).toBe(SUCCESS)
    expect(await guest.text(BUFFER, await guest.u32(OUT))).toBe('xy')
    expect(await receive(guest, fd)).toBe('xyz')
    expect(await guest.call('uds_sock_set_timeout', fd, 4, 20)).toBe(EINVAL)
    expect(await guest.call('uds_sock_recv', fd, BUFFER, 6, 64, OUT)).toBe(EINVAL)
  })

  test('a non-blocking connect is in progress, then writable; one that is refused tells so by SO_ERROR', async () => {
    const server = await echo()
    const closed = refusedPort()
    const guest = await start({
      allow: [`connect:127.0.0.1:${server.port}`, `connect:127.0.0.1:${closed}`],
    })
    for (const [port, expected] of [
      [server.port, 0],
      [closed, ECONNREFUSED],
    ] as const) {
      const fd = await open(guest)
      expect(await guest.call('uds_sock_set_nonblocking', fd, 1)).toBe(SUCCESS)
      await guest.address(ADDRESS, port)
      const code = await guest.call('uds_sock_connect', fd, ADDRESS, 19)
      // Loopback may be as quick as that in the system.
      if (code === SUCCESS && expected === 0) continue
      if (code === ECONNREFUSED && expected !== 0) continue
      expect(code).toBe(EINPROGRESS)
      await guest.words(2048, fd, 4)
      expect(await guest.call('uds_sock_poll', 2048, 1, 5000, OUT)).toBe(SUCCESS)
      expect(await guest.u32(OUT)).toBe(1)
      expect(await guest.call('uds_sock_getsockopt', fd, 1, 4, BUFFER, 4, LENGTH)).toBe(SUCCESS)
      expect(await guest.u32(BUFFER)).toBe(expected)
      expect(await guest.call('uds_sock_getsockopt', fd, 1, 4, BUFFER, 4, LENGTH)).toBe(SUCCESS)
      expect(await guest.u32(BUFFER)).toBe(0)
    }
  })

  test('sock_poll tells of several sockets at once, and of numbers that nobody has', async () => {
    const server = await serve()
    const guest = await start({ allow: [`connect:127.0.0.1:${server.port}`] })
    const fds: number[] = []
    const peers: Socket[] = []
    await guest.address(ADDRESS, server.port)
    for (let index = 0; index < 2; index += 1) {
      const fd = await open(guest)
      expect(await guest.call('uds_sock_connect', fd, ADDRESS, 19)).toBe(SUCCESS)
      fds.push(fd)
      peers.push(await server.next())
    }
    await guest.words(2048, fds[0]!, 1, fds[1]!, 1)
    expect(await guest.call('uds_sock_poll', 2048, 2, 10, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(0)
    peers[1]!.write('x')
    expect(await guest.call('uds_sock_poll', 2048, 2, 5000, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(1)
    expect([await guest.u16(2054), await guest.u16(2062)]).toEqual([0, 1])
    peers[0]!.end()
    await guest.words(2048, fds[0]!, 1, 77, 1)
    expect(await guest.call('uds_sock_poll', 2048, 2, 5000, OUT)).toBe(SUCCESS)
    expect(await guest.u16(2062)).toBe(32)
    expect(await guest.call('uds_sock_poll', 2048, 1, 5000, OUT)).toBe(SUCCESS)
    expect((await guest.u16(2054)) & 1).toBe(1)
    expect(await guest.call('uds_sock_poll', OUTSIDE, 2, 0, OUT)).toBe(EFAULT)
  })

  test('datagrams go both ways with their addresses, and only where it is allowed', async () => {
    const guest = await start({ allow: ['bind:udp:127.0.0.1:0', 'connect:udp:127.0.0.1:*'] })
    const [a, b] = [await open(guest, 2, 2), await open(guest, 2, 2)]
    await guest.address(ADDRESS, 0)
    expect(await guest.call('uds_sock_bind', a, ADDRESS, 19)).toBe(SUCCESS)
    const port = await portOf(guest, a)
    await guest.put(BUFFER, 'datagram')
    expect(await guest.call('uds_sock_sendto', b, BUFFER, 8, 0, 0, 0, OUT)).toBe(EDESTADDRREQ)
    await guest.address(ADDRESS, port)
    expect(await guest.call('uds_sock_sendto', b, BUFFER, 8, 0, ADDRESS, 19, OUT)).toBe(SUCCESS)
    expect(await guest.call('uds_sock_recvfrom', a, 4096, 4, 0, OUT, 24, ADDRESS, 128, LENGTH)).toBe(SUCCESS)
    expect(await guest.text(4096, await guest.u32(OUT))).toBe('data')
    expect(await guest.u32(24)).toBe(1)
    // The answer goes to the address that came.
    expect(await guest.call('uds_sock_sendto', a, BUFFER, 4, 0, ADDRESS, await guest.u32(LENGTH), OUT)).toBe(
      SUCCESS,
    )
    expect(await receive(guest, b)).toBe('data')
    await guest.address(ADDRESS, port, [127, 0, 0, 2])
    expect(await guest.call('uds_sock_sendto', b, BUFFER, 8, 0, ADDRESS, 19, OUT)).toBe(EACCES)
    expect(await guest.call('uds_sock_set_nonblocking', b, 1)).toBe(SUCCESS)
    expect(await guest.call('uds_sock_recv', b, BUFFER, 8, 0, OUT)).toBe(EAGAIN)
    expect(await guest.call('uds_sock_listen', b, 1)).toBe(ENOTSUP)
  })

  test('options have values; unknown ones and wrong lengths are refused', async () => {
    const guest = await start()
    const fd = await open(guest)
    const get = async (level: number, name: number): Promise<number> => {
      expect(await guest.call('uds_sock_getsockopt', fd, level, name, BUFFER, 4, LENGTH)).toBe(SUCCESS)
      return Buffer.from(await guest.guest.read(BUFFER, 4)).readInt32LE()
    }
    expect([await get(1, 3), await get(1, 39), await get(1, 38), await get(1, 30)]).toEqual([1, 2, 6, 0])
    await guest.words(2048, 1)
    expect(await guest.call('uds_sock_setsockopt', fd, 6, 1, 2048, 4)).toBe(SUCCESS)
    expect(await get(6, 1)).toBe(1)
    await guest.words(2048, 250)
    expect(await guest.call('uds_sock_setsockopt', fd, 1, 20, 2048, 4)).toBe(SUCCESS)
    expect(await get(1, 20)).toBe(250)
    expect(await guest.call('uds_sock_setsockopt', fd, 1, 3, 2048, 4)).toBe(ENOPROTOOPT)
    expect(await guest.call('uds_sock_setsockopt', fd, 1, 99, 2048, 4)).toBe(ENOPROTOOPT)
    expect(await guest.call('uds_sock_setsockopt', fd, 6, 1, 2048, 3)).toBe(EINVAL)
    expect(await guest.call('uds_sock_setsockopt', fd, 6, 1, OUTSIDE, 4)).toBe(EFAULT)
  })

  test('what is refused is told in words, with the option that would allow it', async () => {
    const guest = await start()
    const fd = await open(guest)
    await guest.address(ADDRESS, 443, [93, 184, 216, 34])
    expect(await guest.call('uds_sock_connect', fd, ADDRESS, 19)).toBe(EACCES)
    expect(await errorText(guest, fd)).toContain('add "connect:93.184.216.34:443" to sockets.allow')
    const length = await guest.put(BUFFER, 'example.com')
    expect(await guest.call('uds_sock_resolve', BUFFER, length, 0, 80, 2048, 10, OUT)).toBe(EACCES)
    expect(await errorText(guest, -1)).toContain('add "resolve:example.com"')
  })

  test('wrong families, types, addresses and states have an errno each', async () => {
    const guest = await start({ allow: ['connect:*', 'bind:*'] })
    expect(await guest.call('uds_sock_open', 7, 1, OUT)).toBe(EAFNOSUPPORT)
    expect(await guest.call('uds_sock_open', 2, 9, OUT)).toBe(EPROTOTYPE)
    expect(await guest.call('uds_sock_open', 2, 1, OUTSIDE)).toBe(EFAULT)
    const fd = await open(guest)
    await guest.address(ADDRESS, 1)
    expect(await guest.call('uds_sock_connect', fd, ADDRESS, 8)).toBe(EINVAL)
    expect(await guest.call('uds_sock_connect', fd, OUTSIDE, 19)).toBe(EFAULT)
    await guest.put(ADDRESS, unixAddress('/x'))
    expect(await guest.call('uds_sock_connect', fd, ADDRESS, 5)).toBe(EAFNOSUPPORT)
    expect(await guest.call('uds_sock_send', fd, BUFFER, 1, 0, OUT)).toBe(ENOTCONN)
    expect(await guest.call('uds_sock_shutdown', fd, 2)).toBe(ENOTCONN)
    expect(await guest.call('uds_sock_getpeername', fd, BUFFER, 128, LENGTH)).toBe(ENOTCONN)
    expect(await guest.call('uds_sock_tls_info', fd, 0, BUFFER, 128, LENGTH)).toBe(ENOTCONN)
    expect(await guest.call('uds_sock_starttls', fd, BUFFER, 4, 0, 0, 0, 0, 0)).toBe(ENOTCONN)
    expect(await guest.call('uds_sock_close', 99)).toBe(EBADF)
    await guest.put(BUFFER, 'gone.invalid')
    const none = await start({ allow: ['resolve:*'], resolve: { 'gone.invalid': [] } })
    await none.put(BUFFER, 'gone.invalid')
    expect(await none.call('uds_sock_resolve', BUFFER, 12, 0, 80, 2048, 10, OUT)).toBe(ENOENT)
  })

  test('connect_host tries the next family when the first does not answer', async () => {
    const server = await echo()
    // Nobody listens at ::1; the name has it first.
    const guest = await start({
      allow: [`connect:both.test:${server.port}`],
      resolve: { 'both.test': ['::1', '127.0.0.1'] },
    })
    const fd = await open(guest)
    const length = await guest.put(BUFFER, 'both.test')
    expect(await guest.call('uds_sock_connect_host', fd, BUFFER, length, server.port)).toBe(SUCCESS)
    await guest.put(BUFFER, 'ping')
    expect(await guest.call('uds_sock_send', fd, BUFFER, 4, 0, OUT)).toBe(SUCCESS)
    expect(await receive(guest, fd)).toBe('ping')
    expect(await guest.call('uds_sock_connect_host', fd, BUFFER, 0, server.port)).toBe(EISCONN)
  })

  test.skipIf(!ipv6 || process.platform !== 'linux')(
    'connect_host tries the next family while the first is silent, and both are really tried',
    async () => {
      const server = await echo()
      // A listener whose backlog is full: Linux drops what comes then, and the client waits for an answer.
      const silent = sockets.open('inet6')
      const callers: SocketHandle[] = []
      onTestFinished(() => [silent, ...callers].forEach((each) => each.close()))
      sockets.setOption(silent, 'IPV6_V6ONLY', true)
      sockets.bind(silent, new InetAddress('::1', server.port))
      sockets.listen(silent, 0)
      for (let calls = 0; calls < 3; calls += 1) {
        const caller = sockets.open('inet6')
        callers.push(caller)
        sockets.setNonblocking(caller, true)
        sockets.tryConnect(caller, new InetAddress('::1', server.port))
      }
      const guest = await start({
        allow: [`connect:both.test:${server.port}`],
        resolve: { 'both.test': ['127.0.0.1', '::1'] },
      })
      const fd = await open(guest)
      const length = await guest.put(BUFFER, 'both.test')
      const began = performance.now()
      expect(await guest.call('uds_sock_connect_host', fd, BUFFER, length, server.port)).toBe(SUCCESS)
      // RFC 8305: the first family has 250 ms before the next is tried beside it.
      expect(performance.now() - began).toBeGreaterThan(200)
      await guest.put(BUFFER, 'ping')
      expect(await guest.call('uds_sock_send', fd, BUFFER, 4, 0, OUT)).toBe(SUCCESS)
      expect(await receive(guest, fd)).toBe('ping')
    },
  )

  test('a name that a route leads elsewhere need not exist, and its address leads there', async () => {
    const server = await echo()
    const guest = await start({ route: { 'db.internal:5432': `tcp:127.0.0.1:${server.port}` } })
    const length = await guest.put(BUFFER, 'db.internal')
    expect(await guest.call('uds_sock_resolve', BUFFER, length, 0, 5432, 2048, 10, OUT)).toBe(SUCCESS)
    expect(await guest.u32(OUT)).toBe(1)
    const fd = await open(guest)
    expect(await guest.call('uds_sock_connect', fd, 2048, 19)).toBe(SUCCESS)
    await guest.put(BUFFER, 'ping')
    expect(await guest.call('uds_sock_send', fd, BUFFER, 4, 0, OUT)).toBe(SUCCESS)
    expect(await receive(guest, fd)).toBe('ping')
    // Another port of that name is another wish.
    const other = await open(guest)
    await guest.put(2049, [0, 80])
    expect(await guest.call('uds_sock_connect', other, 2048, 19)).toBe(EACCES)
  })

  test.skipIf(!capabilities().afUnix)(
    'AF_UNIX both ways: a guest listens at a path, another dials it',
    async () => {
      const path = socketPath()
      const guest = await start({ allow: [`bind:unix:${path}`, `connect:unix:${path}`] })
      const [listener, client] = [await open(guest, 1), await open(guest, 1)]
      const length = await guest.put(ADDRESS, unixAddress(path))
      expect(await guest.call('uds_sock_bind', listener, ADDRESS, length)).toBe(SUCCESS)
      expect(await guest.call('uds_sock_listen', listener, 4)).toBe(SUCCESS)
      expect(await guest.call('uds_sock_connect', client, ADDRESS, length)).toBe(SUCCESS)
      expect(await guest.call('uds_sock_accept', listener, 0, OUT, 0, 0, 0)).toBe(SUCCESS)
      const accepted = await guest.u32(OUT)
      await guest.put(BUFFER, 'over a path')
      expect(await guest.call('uds_sock_send', client, BUFFER, 11, 0, OUT)).toBe(SUCCESS)
      expect(await receive(guest, accepted)).toBe('over a path')
      expect(await guest.call('uds_sock_getpeername', client, BUFFER, 128, LENGTH)).toBe(SUCCESS)
      expect(await guest.text(BUFFER + 3, (await guest.u32(LENGTH)) - 3)).toBe(path)
    },
  )

  test.skipIf(!capabilities().afUnix)('the file of a listener goes with it', async () => {
    const path = socketPath()
    for (const round of [1, 2]) {
      const guest = await start({ listen: [`unix:${path}`] })
      await guest.guest.close()
      expect(existsSync(path), `round ${round}`).toBe(false)
    }
  })

  test.skipIf(!capabilities().datagram)(
    'datagrams of AF_UNIX go both ways with their paths, and a sender waits for a receiver that is full',
    async () => {
      const [here, there] = [socketPath(), socketPath()]
      const guest = await start({
        allow: [here, there].flatMap((path) => [`bind:unix:${path}`, `connect:unix:${path}`]),
      })
      const [a, b] = [await open(guest, 1, 2), await open(guest, 1, 2)]
      const toA = await guest.put(ADDRESS, unixAddress(here))
      expect(await guest.call('uds_sock_bind', a, ADDRESS, toA)).toBe(SUCCESS)
      await guest.put(BUFFER, 'datagram')
      // One that is not bound can send, and is told of as nobody.
      expect(await guest.call('uds_sock_sendto', b, BUFFER, 8, 0, ADDRESS, toA, OUT)).toBe(SUCCESS)
      expect(await guest.call('uds_sock_recvfrom', a, 4096, 64, 0, OUT, 24, 2048, 128, LENGTH)).toBe(SUCCESS)
      expect([await guest.u32(OUT), await guest.u32(LENGTH)]).toEqual([8, 3])
      const toB = await guest.put(ADDRESS, unixAddress(there))
      expect(await guest.call('uds_sock_bind', b, ADDRESS, toB)).toBe(SUCCESS)
      await guest.put(ADDRESS, unixAddress(here))
      expect(await guest.call('uds_sock_connect', b, ADDRESS, toA)).toBe(SUCCESS)
      expect(await guest.call('uds_sock_send', b, BUFFER, 8, 0, OUT)).toBe(SUCCESS)
      expect(await guest.call('uds_sock_recvfrom', a, 4096, 4, 0, OUT, 24, 2048, 128, LENGTH)).toBe(SUCCESS)
      expect(await guest.text(4096, await guest.u32(OUT))).toBe('data')
      expect(await guest.u32(24)).toBe(1)
      expect(await guest.text(2051, (await guest.u32(LENGTH)) - 3)).toBe(there)
      expect(await guest.call('uds_sock_sendto', a, BUFFER, 4, 0, 2048, await guest.u32(LENGTH), OUT)).toBe(
        SUCCESS,
      )
      expect(await receive(guest, b)).toBe('data')
      expect(await guest.call('uds_sock_set_timeout', b, 3, 30)).toBe(SUCCESS)
      expect(await guest.call('uds_sock_recv', b, BUFFER, 8, 0, OUT)).toBe(ETIMEDOUT)
      // Nobody reads: at last there is no room.
      let errno = SUCCESS
      let sent = -1
      for (; errno === SUCCESS; sent += 1) errno = await guest.call('uds_sock_send', b, BUFFER, 8, 0, OUT)
      expect(errno).toBe(ETIMEDOUT)
      expect(sent).toBeGreaterThan(0)
      expect(await guest.call('uds_sock_send', b, BUFFER, 8, 4, OUT)).toBe(EAGAIN)
      expect(await guest.call('uds_sock_set_nonblocking', a, 1)).toBe(SUCCESS)
      for (let left = sent; left > 0; left -= 1) {
        expect(await guest.call('uds_sock_recv', a, BUFFER, 8, 0, OUT)).toBe(SUCCESS)
      }
      expect(await guest.call('uds_sock_recv', a, BUFFER, 8, 0, OUT)).toBe(EAGAIN)
      expect(await guest.call('uds_sock_send', b, BUFFER, 8, 0, OUT)).toBe(SUCCESS)
      await guest.guest.close()
      expect(existsSync(here)).toBe(false)
    },
  )

  test.skipIf(!capabilities().datagram)(
    'a guest that waits for a datagram of AF_UNIX is woken by it, and reaches only what is allowed',
    async () => {
      const [here, elsewhere] = [socketPath(), socketPath()]
      const guest = await start({ allow: [`bind:unix:${here}`] })
      const fd = await open(guest, 1, 2)
      const length = await guest.put(ADDRESS, unixAddress(here))
      expect(await guest.call('uds_sock_bind', fd, ADDRESS, length)).toBe(SUCCESS)
      const waiting = guest.call('uds_sock_recv', fd, BUFFER, 64, 0, OUT)
      const sender = new UnixDatagramSocket()
      onTestFinished(() => sender.close())
      await sender.send('woken', { to: here })
      expect(await waiting).toBe(SUCCESS)
      expect(await guest.text(BUFFER, await guest.u32(OUT))).toBe('woken')
      await guest.words(2048, fd, 1)
      const polled = guest.call('uds_sock_poll', 2048, 1, 10_000, OUT)
      await sender.send('again', { to: here })
      expect(await polled).toBe(SUCCESS)
      expect(await guest.u32(OUT)).toBe(1)
      const other = await guest.put(ADDRESS, unixAddress(elsewhere))
      expect(await guest.call('uds_sock_sendto', fd, BUFFER, 1, 0, ADDRESS, other, OUT)).toBe(EACCES)
    },
  )

  test('TLS starts at the host on an open socket, and a wrong certificate is refused', async () => {
    const cert = fixture('cert.pem')
    const server = createTlsServer(
      { key: fixture('key.pem'), cert, ALPNProtocols: ['http/1.1'] },
      (socket) => {
        socket.on('error', () => {})
        socket.pipe(socket)
      },
    )
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const guest = await start({ allow: [`connect:127.0.0.1:${port}`] })
    const dial = async (): Promise<number> => {
      const fd = await open(guest)
      await guest.address(ADDRESS, port)
      expect(await guest.call('uds_sock_connect', fd, ADDRESS, 19)).toBe(SUCCESS)
      return fd
    }
    const fd = await dial()
    const caLength = await guest.put(8192, cert)
    const nameLength = await guest.put(2048, 'secure.test')
    const alpnLength = await guest.put(3072, [8, ...Buffer.from('http/1.1')])
    const code = await guest.call(
      'uds_sock_starttls',
      fd,
      2048,
      nameLength,
      0,
      8192,
      caLength,
      3072,
      alpnLength,
    )
    if (wait === 'blocking') {
      expect(code).toBe(ENOTSUP)
      return
    }
    expect(code).toBe(SUCCESS)
    await guest.put(BUFFER, 'secret')
    expect(await guest.call('uds_sock_send', fd, BUFFER, 6, 0, OUT)).toBe(SUCCESS)
    expect(await receive(guest, fd)).toBe('secret')
    const info = async (what: number): Promise<string> => {
      expect(await guest.call('uds_sock_tls_info', fd, what, BUFFER, 1024, LENGTH)).toBe(SUCCESS)
      return guest.text(BUFFER, await guest.u32(LENGTH))
    }
    expect(await info(0)).toMatch(/^TLSv1\.[23]$/)
    expect(await info(2)).toBe('http/1.1')
    const untrusted = await dial()
    expect(await guest.call('uds_sock_starttls', untrusted, 2048, nameLength, 0, 0, 0, 0, 0)).toBe(EACCES)
    expect(await errorText(guest, untrusted)).toContain('certificate was not accepted')
    const wrongName = await dial()
    const otherLength = await guest.put(2048, 'other.test')
    expect(await guest.call('uds_sock_starttls', wrongName, 2048, otherLength, 0, 8192, caLength, 0, 0)).toBe(
      EACCES,
    )
    const unchecked = await dial()
    expect(await guest.call('uds_sock_starttls', unchecked, 2048, otherLength, 2, 8192, caLength, 0, 0)).toBe(
      SUCCESS,
    )
    for (const [address, errno] of [
      ['127.0.0.1', SUCCESS],
      ['127.0.0.2', EACCES],
    ] as const) {
      const byAddress = await dial()
      const size = await guest.put(2048, address)
      expect(await guest.call('uds_sock_starttls', byAddress, 2048, size, 0, 8192, caLength, 0, 0)).toBe(
        errno,
      )
    }
    await guest.put(2048, 'other.test')
    const unverified = await dial()
    expect(await guest.call('uds_sock_starttls', unverified, 2048, otherLength, 1, 0, 0, 0, 0)).toBe(SUCCESS)
  })
})

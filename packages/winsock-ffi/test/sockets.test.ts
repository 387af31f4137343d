import { performance } from 'node:perf_hooks'
import { errorOf, expectNoLeak, socketPath } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { capabilities, InetAddress, SocketError, sockets, UnixAddress } from '@uds/winsock-ffi'
import { connected, families, listening, owned, receive, sendAll } from './connected.ts'

const can = capabilities()

const unixListener = (path: string): ReturnType<typeof sockets.open> => {
  const listener = owned(sockets.open('unix'))
  sockets.bind(listener, UnixAddress.path(path))
  sockets.listen(listener)
  return listener
}

describe.each(families)('a stream over %s', (family) => {
  test('carries bytes both ways, as they were', () => {
    const [client, server] = connected(family)
    const sent = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 256))
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sendAll(from, sent)
      expect(receive(to, sent.length)).toEqual(sent)
    }
  })

  test('ends with 0 bytes once the peer has shut down its writing half, which can still read', () => {
    const [client, server] = connected(family)
    sendAll(client, Buffer.from('question'))
    sockets.shutdown(client, 'write')
    expect(receive(server).toString()).toBe('question')
    sendAll(server, Buffer.from('late answer'))
    server.close()
    expect(receive(client).toString()).toBe('late answer')
    expect(sockets.recv(client, Buffer.alloc(1))).toBe(0)
  })

  test('keeps what was sent before the peer closed', () => {
    const [client, server] = connected(family)
    sendAll(client, Buffer.alloc(5000, 'x'))
    client.close()
    expect(receive(server)).toHaveLength(5000)
  })

  test('fails with EPIPE or ECONNRESET when the peer has gone, and no signal ends the process', () => {
    const [client, server] = connected(family)
    server.close()
    const error = errorOf(() => {
      for (let i = 0; i < 100; i += 1) sockets.send(client, Buffer.alloc(1000), { timeoutMs: 5000 })
    })
    expect(error).toBeInstanceOf(SocketError)
    expect(['EPIPE', 'ECONNRESET']).toContain(error.code)
    expect(error.message).toContain('peer')
  })

  test('lets peek look without taking', () => {
    const [client, server] = connected(family)
    sendAll(client, Buffer.from('ab'))
    const buffer = Buffer.alloc(2)
    expect(sockets.recv(server, buffer, { peek: true, timeoutMs: 5000 })).toBeGreaterThan(0)
    expect(receive(server, 2).toString()).toBe('ab')
  })

  test('tells how many bytes are there', () => {
    const [client, server] = connected(family)
    expect(sockets.available(server)).toBe(0)
    sendAll(client, Buffer.alloc(7))
    sockets.poll([{ socket: server, readable: true }], { timeoutMs: 5000 })
    expect(sockets.available(server)).toBe(7)
  })

  test('sends a message in several parts as one', () => {
    const [client, server] = connected(family)
    expect(
      sockets.sendMessage(client, { data: [Buffer.from('a'), Buffer.from('bc'), Buffer.from('def')] }),
    ).toBe(6)
    expect(receive(server, 6).toString()).toBe('abcdef')
  })

  test('has the addresses that it was bound and connected to', () => {
    const listener = listening(family)
    const client = owned(sockets.open(family))
    const address = sockets.localAddress(listener)
    sockets.connect(client, address, { timeoutMs: 5000 })
    const server = owned(sockets.accept(listener))
    expect(sockets.peerAddress(client).equals(address)).toBe(true)
    expect(sockets.peerAddress(server).equals(sockets.localAddress(client))).toBe(true)
    if (family === 'unix') expect(String(sockets.localAddress(client))).toBe('unix:')
  })
})

describe.each(families)('a deadline over %s', (family) => {
  test.each(['recv', 'accept', 'send'] as const)(
    'ends %s with ETIMEDOUT, and not before its time',
    (syscall) => {
      const [client, server] = connected(family)
      const listener = listening(family)
      const calls = {
        recv: () => sockets.recv(client, Buffer.alloc(1), { timeoutMs: 60 }),
        accept: () => sockets.accept(listener, { timeoutMs: 60 }),
        send: () => {
          for (;;) sockets.send(server, Buffer.alloc(100_000), { timeoutMs: 60 })
        },
      }
      const started = performance.now()
      const error = errorOf(calls[syscall])
      expect(error).toMatchObject({ code: 'ETIMEDOUT', syscall })
      expect(error.message).toContain('60 ms')
      expect(performance.now() - started).toBeGreaterThanOrEqual(59)
    },
  )

  test('of send holds for any amount: what is offered at once is bounded', () => {
    const [client, server] = connected(family)
    const sent = sockets.send(client, Buffer.alloc(64 * 1024 * 1024), { timeoutMs: 200 })
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThan(64 * 1024 * 1024)
    expect(receive(server, sent)).toHaveLength(sent)
  })

  test('of 0 looks once', () => {
    const [client, server] = connected(family)
    expect(errorOf(() => sockets.recv(client, Buffer.alloc(1), { timeoutMs: 0 })).code).toBe('ETIMEDOUT')
    sendAll(server, Buffer.from('x'))
    sockets.poll([{ socket: client, readable: true }])
    expect(sockets.recv(client, Buffer.alloc(1), { timeoutMs: 0 })).toBe(1)
  })

  test('does not leave the socket non-blocking behind', () => {
    const listener = listening(family)
    expect(errorOf(() => sockets.accept(listener, { timeoutMs: 1 })).code).toBe('ETIMEDOUT')
    const client = owned(sockets.open(family))
    sockets.connect(client, sockets.localAddress(listener), { timeoutMs: 5000 })
    expect(client.nonblocking).toBe(false)
    owned(sockets.accept(listener))
    expect(errorOf(() => sockets.recv(client, Buffer.alloc(1), { timeoutMs: 1 })).code).toBe('ETIMEDOUT')
  })

  test.each([-1, Number.NaN, Infinity])('of %s is a RangeError before any call', (timeoutMs) => {
    const [client] = connected(family)
    const error = errorOf(() => sockets.recv(client, Buffer.alloc(1), { timeoutMs }))
    expect(error).toBeInstanceOf(RangeError)
    expect(error.code).toBe('ERR_OUT_OF_RANGE')
  })

  test('that is no number is a TypeError before any call', () => {
    const [client] = connected(family)
    expect(errorOf(() => sockets.recv(client, Buffer.alloc(1), { timeoutMs: '1' as never })).code).toBe(
      'ERR_INVALID_ARG_TYPE',
    )
  })
})

describe.each(families)('non-blocking mode over %s', (family) => {
  test('makes what would wait fail with EAGAIN, until it is turned off', () => {
    const [client, server] = connected(family)
    sockets.setNonblocking(client, true)
    expect(client.nonblocking).toBe(true)
    expect(errorOf(() => sockets.recv(client, Buffer.alloc(1)))).toMatchObject({
      code: 'EAGAIN',
      syscall: 'recv',
    })
    expect(errorOf(() => sockets.recv(client, Buffer.alloc(1), { timeoutMs: 5 })).code).toBe('ETIMEDOUT')
    sockets.setNonblocking(client, false)
    sendAll(server, Buffer.from('x'))
    expect(sockets.recv(client, Buffer.alloc(1))).toBe(1)
  })

  test('makes send tell when there is no room', () => {
    const [client] = connected(family)
    sockets.setNonblocking(client, true)
    const error = errorOf(() => {
      for (;;) sockets.send(client, Buffer.alloc(100_000))
    })
    expect(error).toMatchObject({ code: 'EAGAIN', syscall: 'send' })
  })
})

describe.each(families)('poll over %s', (family) => {
  test('gives the sockets that are ready, and only those', () => {
    const [client, server] = connected(family)
    const [idle] = connected(family)
    expect(
      sockets.poll(
        [
          { socket: server, readable: true },
          { socket: idle, readable: true },
        ],
        { timeoutMs: 0 },
      ),
    ).toEqual([])
    sendAll(client, Buffer.from('x'))
    const ready = sockets.poll([
      { socket: idle, readable: true },
      { socket: server, readable: true, writable: true },
    ])
    expect(ready).toHaveLength(1)
    expect(ready[0]).toMatchObject({ socket: server, readable: true, writable: true, error: false })
  })

  test('tells that the peer has gone', () => {
    const [client, server] = connected(family)
    server.close()
    const [ready] = sockets.poll([{ socket: client, readable: true }], { timeoutMs: 5000 })
    expect(ready?.readable || ready?.hangup).toBe(true)
  })

  test('of nothing is a TypeError', () => {
    expect(errorOf(() => sockets.poll([])).code).toBe('ERR_INVALID_ARG_VALUE')
  })
})

describe('socket options', () => {
  test('say what the socket is', () => {
    const listener = listening('inet')
    expect(sockets.getOption(listener, 'SO_TYPE')).toBe(1)
    expect(sockets.getOption(listener, 'SO_ERROR')).toBeNull()
  })

  test('keep what is set', () => {
    const socket = owned(sockets.open('inet'))
    for (const name of ['SO_REUSEADDR', 'SO_KEEPALIVE', 'TCP_NODELAY'] as const) {
      for (const value of [true, false]) {
        sockets.setOption(socket, name, value)
        expect(sockets.getOption(socket, name)).toBe(value)
      }
    }
    for (const seconds of [5, null]) {
      sockets.setOption(socket, 'SO_LINGER', seconds)
      expect(sockets.getOption(socket, 'SO_LINGER')).toBe(seconds)
    }
    sockets.setOption(socket, 'SO_SNDBUF', 65_536)
    expect(sockets.getOption(socket, 'SO_SNDBUF')).toBeGreaterThanOrEqual(65_536)
  })

  test('that are unknown, read-only or of the wrong kind are refused with the reason', () => {
    const socket = owned(sockets.open('inet'))
    const unknown = errorOf(() => sockets.getOption(socket, 'SO_NOSUCH' as never))
    expect(unknown).toMatchObject({ code: 'ENOPROTOOPT' })
    expect(unknown.message).toContain('SO_REUSEADDR')
    expect(errorOf(() => sockets.setOption(socket, 'SO_TYPE' as never, 1 as never)).code).toBe(
      'ERR_INVALID_ARG_TYPE',
    )
    expect(errorOf(() => sockets.setOption(socket, 'SO_KEEPALIVE', 1 as never)).code).toBe(
      'ERR_INVALID_ARG_TYPE',
    )
    expect(errorOf(() => sockets.setOption(socket, 'SO_SNDBUF', -1)).code).toBe('ERR_OUT_OF_RANGE')
  })
})

describe('a handle', () => {
  test('is closed once, twice, and by dispose; its number is gone then', () => {
    const socket = sockets.open('inet')
    expect(socket.fd).toBeGreaterThan(0)
    socket[Symbol.dispose]()
    socket.close()
    sockets.close(socket)
    expect(socket).toMatchObject({ fd: -1, closed: true })
  })

  test('refuses every call after close with EBADF', () => {
    const socket = sockets.open('inet')
    socket.close()
    const calls: Record<string, () => unknown> = {
      bind: () => sockets.bind(socket, new InetAddress('127.0.0.1', 0)),
      listen: () => sockets.listen(socket),
      accept: () => sockets.accept(socket),
      connect: () => sockets.connect(socket, new InetAddress('127.0.0.1', 1)),
      send: () => sockets.send(socket, Buffer.alloc(1)),
      recv: () => sockets.recv(socket, Buffer.alloc(1)),
      sendMessage: () => sockets.sendMessage(socket, { data: Buffer.alloc(1) }),
      receiveMessage: () => sockets.receiveMessage(socket, Buffer.alloc(1)),
      shutdown: () => sockets.shutdown(socket),
      poll: () => sockets.poll([{ socket, readable: true }]),
      localAddress: () => sockets.localAddress(socket),
      peerAddress: () => sockets.peerAddress(socket),
      getOption: () => sockets.getOption(socket, 'SO_TYPE'),
      setOption: () => sockets.setOption(socket, 'SO_KEEPALIVE', true),
      setNonblocking: () => sockets.setNonblocking(socket, true),
      release: () => socket.release(),
    }
    for (const [name, call] of Object.entries(calls)) {
      const error = errorOf(call)
      expect(error, name).toBeInstanceOf(SocketError)
      expect(error.code, name).toBe('EBADF')
      expect(error.message, name).toContain('closed')
    }
  })

  test('is what every call asks for: a bare number is a TypeError', () => {
    for (const call of [
      () => sockets.send(3 as never, Buffer.alloc(1)),
      () => sockets.recv(null as never, Buffer.alloc(1)),
      () => sockets.close(3 as never),
      () => sockets.listen({ fd: 3 } as never),
    ]) {
      expect(errorOf(call)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    }
  })

  test('can be given away, and taken charge of', () => {
    const [client, server] = connected('inet')
    const again = owned(sockets.fromFd(client.release(), 'inet'))
    expect(client.closed).toBe(true)
    sendAll(again, Buffer.from('x'))
    expect(receive(server, 1).toString()).toBe('x')
    expect(errorOf(() => sockets.fromFd(-1, 'unix')).code).toBe('ERR_OUT_OF_RANGE')
  })

  test('leaves nothing open behind, whatever its calls answer', async () => {
    await expectNoLeak(
      () => {
        const listener = sockets.open('inet')
        const client = sockets.open('inet')
        const refused = sockets.open('inet')
        try {
          sockets.bind(listener, new InetAddress('127.0.0.1', 0))
          sockets.listen(listener)
          const address = sockets.localAddress(listener)
          sockets.connect(client, address)
          sockets.accept(listener, { timeoutMs: 1000 }).close()
          expect(errorOf(() => sockets.accept(listener, { timeoutMs: 0 })).code).toBe('ETIMEDOUT')
          expect(errorOf(() => sockets.bind(refused, address)).code).toBe('EADDRINUSE')
        } finally {
          for (const each of [listener, client, refused]) each.close()
        }
      },
      { times: 200 },
    )
  })
})

describe('a wrong argument is refused before any call', () => {
  test.each([
    ['a family', () => sockets.open('ipx' as never)],
    ['a type', () => sockets.open('inet', 'raw' as never)],
    ['text to send', () => sockets.send(owned(sockets.open('inet')), 'text' as never)],
    ['an array to receive into', () => sockets.recv(owned(sockets.open('inet')), [] as never)],
    ['an address of text', () => sockets.bind(owned(sockets.open('inet')), '127.0.0.1' as never)],
    ['an address of another family', () => sockets.bind(owned(sockets.open('inet')), UnixAddress.path('x'))],
    ['half a backlog', () => sockets.listen(listening('inet'), 0.5)],
    ['a direction', () => sockets.shutdown(connected('inet')[0], 'none' as never)],
    ['no room to receive into', () => sockets.recv(connected('inet')[0], Buffer.alloc(0))],
  ])('%s', (_what, call) => {
    const error = errorOf(call)
    expect(error.code).toMatch(/^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|OUT_OF_RANGE)$/)
    expect(error instanceof TypeError || error instanceof RangeError).toBe(true)
  })

  test('a detached buffer', () => {
    const buffer = new Uint8Array(8)
    structuredClone(buffer.buffer, { transfer: [buffer.buffer] })
    expect(errorOf(() => sockets.recv(connected('inet')[0], buffer)).message).toContain('detached')
  })
})

describe('datagrams over inet', () => {
  test('come whole, with their sender, and are cut with a word when they do not fit', () => {
    const a = owned(sockets.open('inet', 'datagram'))
    const b = owned(sockets.open('inet', 'datagram'))
    for (const each of [a, b]) sockets.bind(each, new InetAddress('127.0.0.1', 0))
    sockets.send(a, Buffer.from('hello'), { to: sockets.localAddress(b) })
    const buffer = Buffer.alloc(5)
    const got = sockets.receiveMessage(b, buffer, { timeoutMs: 5000 })
    expect(got).toMatchObject({ bytes: 5, truncated: false })
    expect(got.from?.equals(sockets.localAddress(a))).toBe(true)
    sockets.send(a, Buffer.alloc(100), { to: sockets.localAddress(b) })
    expect(sockets.receiveMessage(b, buffer, { timeoutMs: 5000 })).toMatchObject({
      bytes: 5,
      truncated: true,
    })
  })
})

describe.skipIf(can.afUnix)('where there is no AF_UNIX', () => {
  test('opening one is EAFNOSUPPORT, and says which Windows has it', () => {
    const error = errorOf(() => sockets.open('unix'))
    expect(error).toMatchObject({ code: 'EAFNOSUPPORT', syscall: 'socket' })
    expect(error.message).toContain('Windows 10 1803')
    expect(can.reasons.join()).toContain('AF_UNIX')
  })
})

describe.skipIf(!can.afUnix)('AF_UNIX', () => {
  test('a missing directory is ENOENT at bind', () => {
    const error = errorOf(() => unixListener(`${socketPath()}-none/x`))
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'bind' })
    expect(error.message).toContain('directory')
  })

  test('a missing file is ENOENT at connect', () => {
    const error = errorOf(() => sockets.connect(owned(sockets.open('unix')), UnixAddress.path(socketPath())))
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'connect' })
    expect(error.message).toContain('server started')
  })

  test('a name in use is EADDRINUSE at bind, and the first listener goes on', () => {
    const path = socketPath()
    const listener = unixListener(path)
    const error = errorOf(() => unixListener(path))
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind', address: `unix:${path}` })
    const client = owned(sockets.open('unix'))
    sockets.connect(client, UnixAddress.path(path))
    owned(sockets.accept(listener))
  })

  test('a stale file is ECONNREFUSED at connect and EADDRINUSE at bind, and both say so', () => {
    const path = socketPath()
    unixListener(path).close()
    const refused = errorOf(() => sockets.connect(owned(sockets.open('unix')), UnixAddress.path(path)))
    expect(refused.code).toBe('ECONNREFUSED')
    expect(refused.message).toContain('stale')
    const inUse = errorOf(() => unixListener(path))
    expect(inUse.code).toBe('EADDRINUSE')
    expect(inUse.message).toContain('crashed')
  })

  test('a pair is connected, and leaves no file', () => {
    const [a, b] = sockets.pair().map(owned)
    sendAll(a!, Buffer.from('x'))
    expect(receive(b!, 1).toString()).toBe('x')
  })
})

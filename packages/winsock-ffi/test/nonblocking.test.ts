import { errorOf, socketPath } from '@uds/testkit'
import { capabilities, InetAddress, sockets, UnixAddress, type SocketHandle } from '@uds/winsock-ffi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connected, families, listening, owned, receive, sendAll } from './connected.ts'

const can = capabilities()

/** Gives whether it became ready, which every test here waits for before it tries. */
const ready = (socket: SocketHandle, interest: { readable?: true; writable?: true }): boolean =>
  sockets.poll([{ socket, ...interest }], { timeoutMs: 5000 }).length === 1

describe.each(families)('trying over %s', (family) => {
  test('to accept says undefined when nobody is there', () => {
    const listener = listening(family)
    sockets.setNonblocking(listener, true)
    expect(sockets.tryAccept(listener)).toBeUndefined()
    expect(errorOf(() => sockets.accept(listener)).code).toBe('EAGAIN')
    const client = owned(sockets.open(family))
    sockets.connect(client, sockets.localAddress(listener))
    expect(ready(listener, { readable: true })).toBe(true)
    const server = sockets.tryAccept(listener)
    expect(server?.nonblocking).toBe(false)
    sendAll(client, Buffer.from('hi'))
    expect(receive(owned(server!), 2).toString()).toBe('hi')
  })

  test('to receive says undefined when nothing came, and 0 at the end, also on a blocking socket', () => {
    const [client, server] = connected(family)
    const room = Buffer.alloc(10)
    expect(server.nonblocking).toBe(false)
    expect(sockets.tryRecv(server, room)).toBeUndefined()
    sendAll(client, Buffer.from('abc'))
    expect(ready(server, { readable: true })).toBe(true)
    expect(sockets.tryRecv(server, room, { peek: true })).toBe(3)
    expect(sockets.tryRecv(server, room)).toBe(3)
    expect(room.toString('latin1', 0, 3)).toBe('abc')
    expect(sockets.tryRecv(server, room)).toBeUndefined()
    client.close()
    expect(ready(server, { readable: true })).toBe(true)
    expect(sockets.tryRecv(server, room)).toBe(0)
  })

  test('to receive within a time waits so long and says undefined, or gives what came meanwhile', () => {
    const [client, server] = connected(family)
    const room = Buffer.alloc(10)
    const began = performance.now()
    expect(sockets.recvWithin(server, room, 30)).toBeUndefined()
    // A tick of the system's clock may be 10 ms (its timers are coarse), and Windows' 16.
    expect(performance.now() - began).toBeGreaterThan(10)
    sendAll(client, Buffer.from('abc'))
    expect(sockets.recvWithin(server, room, 5000)).toBe(3)
    expect(room.toString('latin1', 0, 3)).toBe('abc')
    // The other calls are as they were: the time is of this call alone.
    expect(sockets.tryRecv(server, room)).toBeUndefined()
    expect(errorOf(() => sockets.recv(server, room, { timeoutMs: 1 })).code).toBe('ETIMEDOUT')
    sockets.setNonblocking(server, true)
    expect(sockets.recvWithin(server, room, 1)).toBeUndefined()
    client.close()
    expect(sockets.recvWithin(server, room, 5000)).toBe(0)
    for (const ms of [0, -1, Number.NaN, Infinity])
      expect(errorOf(() => sockets.recvWithin(server, room, ms)).code).toBe('ERR_OUT_OF_RANGE')
    expect(errorOf(() => sockets.recvWithin(server, room, '1' as never)).code).toBe('ERR_INVALID_ARG_TYPE')
  })

  test('to send takes what there is room for, then says undefined, until the peer has read', () => {
    const [client, server] = connected(family)
    const chunk = Buffer.alloc(100_000, 'x')
    let sent = 0
    for (
      let taken = sockets.trySend(client, chunk);
      taken !== undefined;
      taken = sockets.trySend(client, chunk)
    ) {
      sent += taken
    }
    expect(sent).toBeGreaterThan(0)
    expect(receive(server, sent)).toHaveLength(sent)
    expect(ready(client, { writable: true })).toBe(true)
    expect(sockets.trySend(client, chunk)).toBeGreaterThan(0)
  })

  test('fails in words where more than time is missing', () => {
    const [client, server] = connected(family)
    server.close()
    const error = errorOf(() => {
      for (;;)
        if (sockets.trySend(client, Buffer.alloc(1000)) === undefined) ready(client, { writable: true })
    })
    expect(['EPIPE', 'ECONNRESET']).toContain(error.code)
    expect(error).toMatchObject({ syscall: 'send' })
    client.close()
    expect(errorOf(() => sockets.trySend(client, Buffer.alloc(1))).code).toBe('EBADF')
    expect(errorOf(() => sockets.tryRecv(client, Buffer.alloc(1))).code).toBe('EBADF')
    const [other] = connected(family)
    expect(errorOf(() => sockets.tryRecv(other, Buffer.alloc(0))).code).toBe('ERR_INVALID_ARG_VALUE')
    expect(errorOf(() => sockets.trySend(other, 'text' as never)).code).toBe('ERR_INVALID_ARG_TYPE')
    expect(errorOf(() => sockets.tryConnect(other, 'there' as never)).code).toBe('ERR_INVALID_ARG_TYPE')
  })

  test('to connect says how far it is, and the socket is connected once it can be written', () => {
    const listener = listening(family)
    const client = owned(sockets.open(family))
    sockets.setNonblocking(client, true)
    const begun = sockets.tryConnect(client, sockets.localAddress(listener))
    expect(['connected', 'connecting']).toContain(begun)
    expect(ready(client, { writable: true })).toBe(true)
    expect(sockets.getOption(client, 'SO_ERROR')).toBeNull()
    const server = owned(sockets.accept(listener, { timeoutMs: 5000 }))
    sendAll(server, Buffer.from('x'))
    expect(receive(client, 1).toString()).toBe('x')
  })
})

test('a datagram is sent to an address, or there is no room for it now', () => {
  const receiver = owned(sockets.open('inet', 'datagram'))
  sockets.bind(receiver, new InetAddress('127.0.0.1', 0))
  const sender = owned(sockets.open('inet', 'datagram'))
  const to = sockets.localAddress(receiver)
  expect(sockets.trySend(sender, Buffer.from('hello'), { to })).toBe(5)
  expect(ready(receiver, { readable: true })).toBe(true)
  const room = Buffer.alloc(16)
  expect(sockets.tryRecv(receiver, room)).toBe(5)
  expect(sockets.tryRecv(receiver, room)).toBeUndefined()
})

test.skipIf(!can.datagram)('a datagram over AF_UNIX that finds its receiver full is undefined', () => {
  const receiver = owned(sockets.open('unix', 'datagram'))
  const address = UnixAddress.path(socketPath())
  sockets.bind(receiver, address)
  const sender = owned(sockets.open('unix', 'datagram'))
  let count = 0
  while (sockets.trySend(sender, Buffer.from('x'), { to: address }) === 1) count += 1
  expect(count).toBeGreaterThan(0)
  expect(sockets.tryRecv(receiver, Buffer.alloc(1))).toBe(1)
})

test.skipIf(process.platform !== 'linux')(
  'a listener that is full says so, and takes the next one later',
  () => {
    const listener = listening('unix', 0)
    const address = sockets.localAddress(listener)
    const clients: SocketHandle[] = []
    onTestFinished(() => clients.forEach((each) => each.close()))
    const connect = (): string => {
      const client = sockets.open('unix')
      clients.push(client)
      sockets.setNonblocking(client, true)
      return sockets.tryConnect(client, address)
    }
    let last = 'connected'
    while (last === 'connected') last = connect()
    expect(last).toBe('full')
    owned(sockets.accept(listener, { timeoutMs: 5000 }))
    expect(sockets.tryConnect(clients.at(-1)!, address)).toBe('connected')
  },
)

test('a connect that is refused tells so at once, or when the socket is ready', () => {
  const closed = listening('inet')
  const address = sockets.localAddress(closed)
  closed.close()
  const client = owned(sockets.open('inet'))
  sockets.setNonblocking(client, true)
  const error = errorOf(() => {
    expect(sockets.tryConnect(client, address)).toBe('connecting')
    sockets.poll([{ socket: client, writable: true }], { timeoutMs: 5000 })
    const failed = sockets.getOption(client, 'SO_ERROR')
    if (failed) throw failed
  })
  expect(error.code).toBe('ECONNREFUSED')
})

test('a port whose connections are in TIME_WAIT can be had again when it is asked for', () => {
  const listener = owned(sockets.open('inet'))
  sockets.bind(listener, new InetAddress('127.0.0.1', 0), { reuseAddress: true })
  sockets.listen(listener)
  const address = sockets.localAddress(listener)
  const client = owned(sockets.open('inet'))
  sockets.connect(client, address)
  const server = sockets.accept(listener, { timeoutMs: 5000 })
  // Who closes first keeps the port in TIME_WAIT.
  server.close()
  expect(sockets.recv(client, Buffer.alloc(1), { timeoutMs: 5000 })).toBe(0)
  client.close()
  listener.close()
  const second = owned(sockets.open('inet'))
  sockets.bind(second, address, { reuseAddress: true })
  sockets.listen(second)
  expect(String(sockets.localAddress(second))).toBe(String(address))
  // And never the port of one that is alive.
  const thief = owned(sockets.open('inet'))
  const error = errorOf(() => sockets.bind(thief, address, { reuseAddress: true }))
  expect(['EADDRINUSE', 'EACCES']).toContain(error.code)
})

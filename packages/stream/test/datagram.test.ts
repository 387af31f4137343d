import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  codeOfCall,
  expectNoLeak,
  freshName,
  handleCount,
  needs,
  socketPath,
  spawnProgram,
  tempDir,
  until,
} from '@uds/testkit'
import { UnixDatagramSocket, type Packet, type PacketSocketOptions } from '@uds/stream/datagram'
import { capabilities, sockets, UnixAddress } from '@uds/winsock-ffi'

const python = needs('python3')
const can = capabilities()

const bound = (path: string, options?: PacketSocketOptions): UnixDatagramSocket => {
  const socket = UnixDatagramSocket.bind(path, options)
  onTestFinished(() => socket.close())
  return socket
}

const connected = (path: string, options?: PacketSocketOptions): UnixDatagramSocket => {
  const socket = UnixDatagramSocket.connect(path, options)
  onTestFinished(() => socket.close())
  return socket
}

const take = async (socket: UnixDatagramSocket, count: number): Promise<Packet[]> => {
  const found: Packet[] = []
  if (count === 0) return found
  for await (const packet of socket) if (found.push(packet) === count) break
  return found
}

const texts = (packets: readonly Packet[]): string[] => packets.map(({ data }) => String(data))

describe.skipIf(!can.datagram)('UnixDatagramSocket', () => {
  test('a message arrives whole, with the address of its sender', async () => {
    const path = socketPath()
    const other = socketPath()
    const server = bound(path)
    const client = bound(other)
    const message = once(server, 'message')
    await client.send('hello', { to: path })
    const [data, info] = await message
    expect(String(data)).toBe('hello')
    expect(info).toEqual({ from: UnixAddress.path(other), credentials: undefined, truncated: false })
    const answer = once(client, 'message')
    await server.send('answer', { to: info.from })
    expect(String((await answer)[0])).toBe('answer')
  })

  test.skipIf(!can.abstractNames)('unix:@ lets the system choose a name, which can be answered', async () => {
    const server = bound(socketPath())
    const client = bound('unix:@')
    expect(client.address.toString()).toMatch(/^unix:@[\da-f]{5}$/)
    await client.connect(server.address).send('hello')
    const [packet] = await take(server, 1)
    await server.send('answer', { to: packet!.from })
    expect(texts(await take(client, 1))).toEqual(['answer'])
  })

  test('a sender without an address has none', async () => {
    const path = socketPath()
    const server = bound(path)
    const client = connected(path)
    expect(client.address).toEqual(UnixAddress.unnamed)
    expect(client.remoteAddress?.equals(UnixAddress.path(path))).toBe(true)
    await client.send('x')
    const [packet] = await take(server, 1)
    expect(packet?.from).toBeUndefined()
  })

  test('an empty message is a message', async () => {
    const path = socketPath()
    const server = bound(path)
    const client = connected(path)
    await client.send('')
    await client.send('next')
    expect(texts(await take(server, 2))).toEqual(['', 'next'])
  })

  test('messages that came before anybody listened are not lost', async () => {
    const path = socketPath()
    const server = bound(path)
    const client = connected(path)
    for (const text of ['1', '2', '3']) await client.send(text)
    expect(texts(await take(server, 2))).toEqual(['1', '2'])
    expect(texts(await take(server, 1))).toEqual(['3'])
  })

  test('a connected sender waits while the receiver is full, and every message arrives in order', async () => {
    const path = socketPath()
    const server = bound(path)
    const client = connected(path)
    const wanted = Array.from({ length: 500 }, (_, index) => `message ${index}`)
    const sends = wanted.map((text) => client.send(text))
    // The queue of a receiver holds net.unix.max_dgram_qlen messages: 10, or 512 on some systems.
    expect(client.unsent + 513).toBeGreaterThanOrEqual(wanted.length)
    expect(texts(await take(server, wanted.length))).toEqual(wanted)
    await Promise.all(sends)
    expect(client.unsent).toBe(0)
  })

  test('an unconnected sender waits as well, and one full receiver does not hold up another', async () => {
    const full = bound(socketPath())
    const free = bound(socketPath())
    const client = new UnixDatagramSocket({ maxUnsent: 5000 })
    onTestFinished(() => client.close())
    const wanted = Array.from({ length: 2000 }, (_, index) => String(index))
    const sends = wanted.map((text) => client.send(text, { to: full.address }))
    expect(client.unsent).toBeGreaterThan(0)
    await client.send('through', { to: free.address })
    expect(texts(await take(free, 1))).toEqual(['through'])
    expect(texts(await take(full, wanted.length))).toEqual(wanted)
    await Promise.all(sends)
  })

  test('more than maxUnsent is ENOBUFS, and nothing of the rest is lost', async () => {
    const server = bound(socketPath())
    const client = new UnixDatagramSocket({ maxUnsent: 3 })
    onTestFinished(() => client.close())
    const results: Promise<string>[] = []
    for (let index = 0; index < 600; index += 1) {
      const send = client.send(String(index), { to: server.address })
      results.push(
        send.then(
          () => 'sent',
          (error: NodeJS.ErrnoException) => error.code ?? '',
        ),
      )
    }
    const received: Packet[] = []
    server.on('message', (data, info) => received.push({ data, ...info }))
    const outcomes = await Promise.all(results)
    const sent = outcomes.flatMap((outcome, index) => (outcome === 'sent' ? [String(index)] : []))
    expect(outcomes).toContain('ENOBUFS')
    await expect.poll(() => texts(received)).toEqual(sent)
  })

  test('an abort takes a message that waits out of the queue', async () => {
    const path = socketPath()
    const server = bound(path)
    const client = connected(path)
    let filled = 0
    while (client.unsent === 0) {
      filled += 1
      void client.send('fill').catch(() => {})
      if (filled > 5000) throw new Error('the receiver never gets full')
    }
    const abort = new AbortController()
    const aborted = client.send('never', { signal: abort.signal })
    abort.abort(new Error('too late'))
    await expect(aborted).rejects.toThrow('too late')
    const last = client.send('last')
    const got = await take(server, filled + 1)
    await last
    expect(texts(got)).not.toContain('never')
    expect(texts(got).at(-1)).toBe('last')
  })

  test('a slow iterator holds senders up', async () => {
    const path = socketPath()
    const server = bound(path, { maxQueued: 2 })
    const client = connected(path)
    const iterator = server[Symbol.asyncIterator]()
    for (let sent = 0; client.unsent === 0; sent += 1) {
      void client.send(String(sent)).catch(() => {})
      if (sent > 5000) throw new Error('nothing holds the sender up')
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(String((await iterator.next()).value?.data)).toBe('0')
    expect(String((await iterator.next()).value?.data)).toBe('1')
    await iterator.return?.()
  })

  test('a message longer than maxMessageBytes is cut, and told as truncated', async () => {
    const path = socketPath()
    const server = bound(path, { maxMessageBytes: 4 })
    await connected(path).send('0123456789')
    const [packet] = await take(server, 1)
    expect(String(packet?.data)).toBe('0123')
    expect(packet?.truncated).toBe(true)
  })

  test('a message that is longer than the system allows is EMSGSIZE', async () => {
    const path = socketPath()
    bound(path)
    await expect(connected(path).send(Buffer.alloc(2 ** 24))).rejects.toMatchObject({ code: 'EMSGSIZE' })
  })

  test('nobody there is ENOENT or ECONNREFUSED, for connect and for send', async () => {
    const path = socketPath()
    expect(() => UnixDatagramSocket.connect(path)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    const client = new UnixDatagramSocket()
    onTestFinished(() => client.close())
    await expect(client.send('x', { to: path })).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(client.send('x')).rejects.toMatchObject({
      code: expect.stringMatching(/ENOTCONN|EDESTADDRREQ/),
    })
    const server = bound(path)
    const sender = connected(path)
    server.close()
    await expect(sender.send('x')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('close removes the file, ends the iterator, and rejects what waits', async () => {
    const path = socketPath()
    const server = bound(path)
    const iterator = server[Symbol.asyncIterator]()
    const next = iterator.next()
    const closed = once(server, 'close')
    expect(existsSync(path)).toBe(true)
    server.close()
    server.close()
    await closed
    expect(existsSync(path)).toBe(false)
    expect(await next).toEqual({ value: undefined, done: true })
    expect(server.closed).toBe(true)
    await expect(server.send('x', { to: path })).rejects.toMatchObject({ code: 'EBADF' })
  })

  test('a path that is taken is EADDRINUSE and stays', () => {
    const path = socketPath()
    bound(path)
    expect(() => UnixDatagramSocket.bind(path)).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    expect(existsSync(path)).toBe(true)
  })

  test('the file of a socket that died is replaced, unless that is not wanted', async () => {
    const path = socketPath()
    const dead = sockets.open('unix', 'datagram')
    sockets.bind(dead, UnixAddress.path(path))
    dead.close()
    expect(() => UnixDatagramSocket.bind(path, { removeStale: false })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE' }),
    )
    const server = bound(path)
    await connected(path).send('alive again')
    expect(texts(await take(server, 1))).toEqual(['alive again'])
    expect(readdirSync(dirname(path))).toHaveLength(1)
  })

  test('a file that is no socket, and a socket of another kind, are never replaced', () => {
    const file = join(tempDir(), 'file')
    writeFileSync(file, 'precious')
    expect(() => UnixDatagramSocket.bind(file)).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    expect(readFileSync(file, 'utf8')).toBe('precious')
    const path = socketPath()
    const stream = sockets.open('unix', 'stream')
    onTestFinished(() => stream.close())
    sockets.bind(stream, UnixAddress.path(path))
    expect(() => UnixDatagramSocket.bind(path)).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    expect(existsSync(path)).toBe(true)
  })

  test.each([['tcp:127.0.0.1:80'], ['pipe:x'], [''], [7], [null]])('the address %j is refused', (address) => {
    expect(() => UnixDatagramSocket.bind(address as string)).toThrow(TypeError)
  })

  test.each([
    [0, RangeError],
    [-1, RangeError],
    [1.5, RangeError],
    ['7', TypeError],
  ])('maxMessageBytes %j is refused', (maxMessageBytes, kind) => {
    expect(() => new UnixDatagramSocket({ maxMessageBytes: maxMessageBytes as number })).toThrow(kind)
  })

  test('data that is none is refused', async () => {
    const client = new UnixDatagramSocket()
    onTestFinished(() => client.close())
    await expect(client.send(7 as unknown as string)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('descriptors travel with a datagram, and may be closed as soon as it is sent', async () => {
    const path = socketPath()
    const server = bound(path)
    const client = connected(path)
    const sends: Promise<void>[] = []
    // More than fit at once: some wait, and their descriptors with them.
    for (let index = 0; index < 50; index += 1) {
      const file = join(tempDir(), 'file')
      writeFileSync(file, `content ${index}`)
      const fd = openSync(file, 'r')
      sends.push(client.send(`message ${index}`, { descriptors: [fd] }))
      closeSync(fd)
    }
    expect(client.unsent).toBeGreaterThan(0)
    let index = 0
    for await (const { data, descriptors, descriptorsTruncated } of server) {
      expect([String(data), descriptors.length, descriptorsTruncated]).toEqual([`message ${index}`, 1, false])
      expect(readFileSync(descriptors[0]!.fd, 'utf8')).toBe(`content ${index}`)
      descriptors[0]!.close()
      index += 1
      if (index === 50) break
    }
    await Promise.all(sends)
  })

  test('descriptors that no receiver reads are closed at the next packet, or at close', async () => {
    const path = socketPath()
    const server = bound(path)
    const client = connected(path)
    const before = handleCount()
    let heard = 0
    server.on('message', () => (heard += 1))
    for (let index = 0; index < 10; index += 1) await client.send('x', { descriptors: [0, 0, 0] })
    await until(() => heard === 10)
    expect(handleCount() - before).toBeLessThanOrEqual(3)
    server.close()
    expect(handleCount()).toBeLessThan(before)
  })

  test('more descriptors than maxDescriptors are closed, and the receiver hears of the loss', async () => {
    const path = socketPath()
    const server = bound(path, { maxDescriptors: 1 })
    await connected(path).send('x', { descriptors: [0, 0, 0] })
    const [packet] = await take(server, 1)
    expect(packet?.descriptorsTruncated).toBe(true)
    expect(packet?.descriptors).toHaveLength(1)
    packet?.descriptors[0]?.close()
  })

  test('a socket of another process is taken over; another kind is refused in words, and stays open', async () => {
    const [left, right] = sockets.pair('datagram')
    const a = UnixDatagramSocket.from(left.release())
    const b = UnixDatagramSocket.from({ fd: right.release() })
    onTestFinished(() => {
      a.close()
      b.close()
    })
    await a.send('hello')
    expect(texts(await take(b, 1))).toEqual(['hello'])
    const stream = sockets.open('unix')
    const file = openSync(fileURLToPath(import.meta.url), 'r')
    expect(codeOfCall(() => UnixDatagramSocket.from(stream))).toBe('EPROTOTYPE')
    expect(codeOfCall(() => UnixDatagramSocket.from(file))).toBe('ENOTSOCK')
    expect(codeOfCall(() => UnixDatagramSocket.from(stream, { maxQueue: 1 } as never))).toBe(
      'ERR_INVALID_ARG_VALUE',
    )
    expect(stream.closed).toBe(false)
    stream.close()
    closeSync(file)
  })

  test('a socket that was closed elsewhere ends, and does not spin', async () => {
    const socket = bound(socketPath())
    const closed = new Promise<void>((resolve) => socket.once('close', resolve))
    const errors: unknown[] = []
    socket.on('error', (error) => errors.push((error as NodeJS.ErrnoException).code))
    closeSync(socket.handle.fd)
    socket.on('message', () => {})
    await closed
    expect(errors).toEqual([expect.stringMatching(/EBADF|ENOTSOCK/)])
  })

  test('opening, sending and closing leaves no handle behind', async () => {
    const path = socketPath()
    await expectNoLeak(
      async () => {
        const server = UnixDatagramSocket.bind(path)
        const client = UnixDatagramSocket.connect(path)
        await client.send('x')
        await take(server, 1)
        client.close()
        server.close()
      },
      { times: 40 },
    )
  })
})

describe.skipIf(!can.abstractNames || !can.datagram)('on Linux', () => {
  test('an abstract name works and leaves no file', async () => {
    const name = `unix:@${freshName()}`
    const server = bound(name)
    await connected(name).send('abstract')
    expect(texts(await take(server, 1))).toEqual(['abstract'])
    expect(server.address.toString()).toBe(name)
  })

  test('credentials of the sender come with each message', async () => {
    const path = socketPath()
    const server = bound(path, { credentials: true })
    await connected(path).send('who am I')
    const [packet] = await take(server, 1)
    expect(packet?.credentials).toEqual({
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
      sid: undefined,
    })
  })

  test.skipIf(python.missing)('Python sends and receives', async () => {
    const path = socketPath()
    const server = bound(path, { credentials: true })
    const program = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[2])
s.sendto(b'from python', sys.argv[1])
print(s.recv(100).decode(), os.getpid())`
    const peer = spawnProgram(python.path, ['-c', program, path, socketPath()])
    const [packet] = await take(server, 1)
    expect(String(packet?.data)).toBe('from python')
    await server.send('from node', { to: packet!.from! })
    expect(await peer.exit).toEqual({ code: 0, signal: null })
    expect(peer.stdout()).toBe(`from node ${packet?.credentials?.pid}\n`)
  })
})

describe.skipIf(can.datagram)('where the system has no AF_UNIX datagrams', () => {
  test('the constructor says so', () => {
    expect(() => new UnixDatagramSocket()).toThrow(expect.objectContaining({ name: 'SocketError' }))
  })
})

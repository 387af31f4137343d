/** What only POSIX has: descriptors, credentials, datagrams, abstract names, signals. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { codeOfCall, errorOf, handleCount, socketPath, spawnScript, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { capabilities, SocketError, sockets, UnixAddress, type SocketHandle } from '@uds/winsock-ffi'
import { connected, owned, receive, sendAll } from './connected.ts'

const can = capabilities()

describe.skipIf(!can.descriptors)('descriptors', () => {
  test('arrive open in another place, and the sender keeps its own', () => {
    const [a, b] = sockets.pair().map(owned) as [
      ReturnType<typeof sockets.open>,
      ReturnType<typeof sockets.open>,
    ]
    const path = join(tempDir(), 'file')
    writeFileSync(path, 'contents')
    const fd = openSync(path, 'r')
    expect(sockets.sendMessage(a, { data: Buffer.from('with'), descriptors: [fd] })).toBe(4)
    const buffer = Buffer.alloc(16)
    const message = sockets.receiveMessage(b, buffer, { maxDescriptors: 4, timeoutMs: 5000 })
    expect(message).toMatchObject({ bytes: 4, descriptorsTruncated: false, truncated: false })
    expect(message.descriptors).toHaveLength(1)
    const received = owned(message.descriptors[0]!)
    expect(received.fd).not.toBe(fd)
    expect(readFileSync(received.fd, 'utf8')).toBe('contents')
    expect(statSync(path).size).toBe(8)
    closeSync(fd)
  })

  test('travel many at once, sockets too', () => {
    const [a, b] = sockets.pair().map(owned) as [
      ReturnType<typeof sockets.open>,
      ReturnType<typeof sockets.open>,
    ]
    const pairs = Array.from({ length: 20 }, () => sockets.pair().map(owned))
    sockets.sendMessage(a, { data: Buffer.from('x'), descriptors: pairs.map(([, inner]) => inner!) })
    const message = sockets.receiveMessage(b, Buffer.alloc(1), { maxDescriptors: 20 })
    expect(message.descriptors).toHaveLength(20)
    for (const [index, descriptor] of message.descriptors.entries()) {
      const inner = owned(sockets.fromFd(descriptor.release(), 'unix'))
      sendAll(pairs[index]![0]!, Buffer.from(`n${index}`))
      expect(receive(inner, `n${index}`.length).toString()).toBe(`n${index}`)
    }
  })

  test('beyond what was asked for are closed and told', () => {
    const [a, b] = sockets.pair().map(owned) as [
      ReturnType<typeof sockets.open>,
      ReturnType<typeof sockets.open>,
    ]
    const before = handleCount()
    sockets.sendMessage(a, { data: Buffer.from('x'), descriptors: [0, 1, 2] })
    const message = sockets.receiveMessage(b, Buffer.alloc(1), { maxDescriptors: 1 })
    expect(message.descriptorsTruncated).toBe(true)
    for (const each of message.descriptors) each.close()
    sockets.sendMessage(a, { data: Buffer.from('y'), descriptors: [0] })
    expect(sockets.recv(b, Buffer.alloc(1))).toBe(1)
    expect(handleCount()).toBe(before)
  })

  test.each([0, 1, 2, 3, 5, 252])('at most %i is exactly that many, and the rest stays closed', (most) => {
    const [a, b] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    const before = handleCount()
    sockets.sendMessage(a, { data: Buffer.from('x'), descriptors: Array.from({ length: 253 }, () => 0) })
    const message = sockets.receiveMessage(b, Buffer.alloc(1), { maxDescriptors: most })
    expect(message).toMatchObject({ bytes: 1, descriptorsTruncated: true })
    expect(message.descriptors).toHaveLength(most)
    expect(handleCount() - before).toBe(most)
    for (const each of message.descriptors) each.close()
  })

  test.skipIf(can.system !== 'linux')('arrive although the credentials of the sender come with them', () => {
    const [a, b] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    sockets.setOption(b, 'SO_PASSCRED', true)
    sockets.sendMessage(a, { data: Buffer.from('x'), descriptors: [0, 1, 2] })
    const message = sockets.receiveMessage(b, Buffer.alloc(1), { maxDescriptors: 3 })
    expect(message).toMatchObject({ credentials: undefined, descriptorsTruncated: false })
    expect(message.descriptors).toHaveLength(3)
    for (const each of message.descriptors) each.close()
    sockets.sendMessage(a, { data: Buffer.from('y') })
    expect(sockets.receiveMessage(b, Buffer.alloc(1))).toMatchObject({ descriptorsTruncated: false })
  })

  test('tryReceiveMessage takes what is there, and "not now" is a value, also on a blocking socket', () => {
    const [a, b] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    expect(sockets.tryReceiveMessage(b, Buffer.alloc(4))).toBeUndefined()
    sockets.sendMessage(a, { data: Buffer.from('with'), descriptors: [0] })
    sockets.sendMessage(a, { data: Buffer.from('more'), descriptors: [0, 0] })
    const buffer = Buffer.alloc(8)
    for (const [text, count] of [
      ['with', 1],
      ['more', 2],
    ] as const) {
      const message = sockets.tryReceiveMessage(b, buffer, { maxDescriptors: 3 })
      expect(message).toMatchObject({ bytes: 4, truncated: false, descriptorsTruncated: false })
      expect(buffer.toString('utf8', 0, 4)).toBe(text)
      expect(message?.descriptors).toHaveLength(count)
      for (const each of message?.descriptors ?? []) each.close()
    }
    a.close()
    expect(sockets.tryReceiveMessage(b, buffer)).toMatchObject({ bytes: 0, descriptors: [], from: undefined })
    expect(codeOfCall(() => sockets.tryReceiveMessage(a, buffer))).toBe('EBADF')
  })

  test('cannot go without a byte on a stream, over AF_INET, or when they are closed', () => {
    const [a] = sockets.pair().map(owned)
    const gone = sockets.open('unix')
    gone.close()
    expect(errorOf(() => sockets.sendMessage(a!, { data: Buffer.alloc(0), descriptors: [0] })).code).toBe(
      'ERR_INVALID_ARG_VALUE',
    )
    expect(errorOf(() => sockets.sendMessage(a!, { data: Buffer.from('x'), descriptors: [gone] })).code).toBe(
      'ERR_INVALID_ARG_TYPE',
    )
    expect(errorOf(() => sockets.sendMessage(a!, { data: Buffer.from('x'), descriptors: [9999] })).code).toBe(
      'EBADF',
    )
    const [inet] = connected('inet')
    expect(errorOf(() => sockets.sendMessage(inet, { data: Buffer.from('x'), descriptors: [0] })).code).toBe(
      'ENOTSUP',
    )
    expect(errorOf(() => sockets.receiveMessage(a!, Buffer.alloc(1), { maxDescriptors: 254 })).code).toBe(
      'ERR_OUT_OF_RANGE',
    )
  })
})

describe.skipIf(can.descriptors || !can.afUnix)('descriptors where the system has none', () => {
  test('are ENOTSUP', () => {
    const [a] = sockets.pair().map(owned)
    expect(errorOf(() => sockets.sendMessage(a!, { data: Buffer.from('x'), descriptors: [0] })).code).toBe(
      'ENOTSUP',
    )
  })
})

describe.skipIf(!can.credentials)('credentials', () => {
  test('name this process on both ends', () => {
    const [client, server] = connected('unix')
    for (const end of [client, server]) {
      const peer = sockets.peerCredentials(end)
      expect(peer.pid).toBe(process.pid)
      if (process.platform !== 'win32') {
        expect(peer).toMatchObject({ uid: process.geteuid?.(), gid: process.getegid?.() })
      }
    }
  })
})

test('credentials of AF_INET are ENOTSUP', () => {
  const [client] = connected('inet')
  expect(errorOf(() => sockets.peerCredentials(client))).toMatchObject({ code: 'ENOTSUP' })
})

describe.skipIf(!can.datagram)('AF_UNIX datagrams', () => {
  test('come whole and in order, with the address of their sender', () => {
    const receiver = owned(sockets.open('unix', 'datagram'))
    const sender = owned(sockets.open('unix', 'datagram'))
    const to = UnixAddress.path(socketPath())
    const from = UnixAddress.path(socketPath())
    sockets.bind(receiver, to)
    sockets.bind(sender, from)
    for (const text of ['one', 'two']) sockets.send(sender, Buffer.from(text), { to })
    for (const text of ['one', 'two']) {
      const buffer = Buffer.alloc(16)
      const message = sockets.receiveMessage(receiver, buffer, { timeoutMs: 5000 })
      expect(buffer.toString('utf8', 0, message.bytes)).toBe(text)
      expect(message.from?.equals(from)).toBe(true)
    }
  })

  test('wait for a receiver that is full, up to the deadline', () => {
    const receiver = owned(sockets.open('unix', 'datagram'))
    const to = UnixAddress.path(socketPath())
    sockets.bind(receiver, to)
    const sender = owned(sockets.open('unix', 'datagram'))
    const error = errorOf(() => {
      for (;;) sockets.send(sender, Buffer.alloc(100), { to, timeoutMs: 50 })
    })
    expect(error).toMatchObject({ code: 'ETIMEDOUT' })
    expect(sockets.recv(receiver, Buffer.alloc(100))).toBe(100)
    expect(sockets.send(sender, Buffer.alloc(100), { to, timeoutMs: 5000 })).toBe(100)
  })

  test('wait for it also in a thread that V8 does not let block, as in Electron', async () => {
    const script = spawnScript(new URL('./fixtures/may-not-block.ts', import.meta.url), [socketPath()])
    expect(await script.exit).toEqual({ code: 0, signal: null })
    expect(script.stdout().trim()).toBe('ETIMEDOUT')
  })

  test('without an address say that the socket is not connected', () => {
    const sender = owned(sockets.open('unix', 'datagram'))
    expect(['ENOTCONN', 'EDESTADDRREQ']).toContain(errorOf(() => sockets.send(sender, Buffer.alloc(1))).code)
  })
})

describe.skipIf(!can.seqpacket)('seqpacket', () => {
  test('keeps the borders of messages on a connection', () => {
    const [a, b] = sockets.pair('seqpacket').map(owned)
    sockets.send(a!, Buffer.from('first'))
    sockets.send(a!, Buffer.from('second'))
    const buffer = Buffer.alloc(64)
    expect(sockets.recv(b!, buffer)).toBe(5)
    expect(sockets.recv(b!, buffer)).toBe(6)
    expect(
      errorOf(() => sockets.connect(owned(sockets.open('unix', 'seqpacket')), UnixAddress.path('/dev/null'))),
    ).toBeInstanceOf(SocketError)
  })
})

describe.skipIf(!can.abstractNames)('an abstract name', () => {
  test('is bound and found, and gone with its socket', () => {
    const address = UnixAddress.abstract(`uds-test-${process.pid}-${Date.now()}\0inner`)
    const listener = owned(sockets.open('unix'))
    sockets.bind(listener, address)
    sockets.listen(listener)
    const client = owned(sockets.open('unix'))
    sockets.connect(client, address)
    expect(sockets.peerAddress(client).equals(address)).toBe(true)
    listener.close()
    const late = errorOf(() => sockets.connect(owned(sockets.open('unix')), address))
    expect(late.code).toBe('ECONNREFUSED')
  })
})

describe.skipIf(process.platform === 'win32')('on POSIX', () => {
  test('a regular file in the way is named at bind and at connect', () => {
    const path = join(tempDir(), 'file')
    writeFileSync(path, '')
    for (const call of [sockets.bind, sockets.connect]) {
      const error = errorOf(() => call(owned(sockets.open('unix')), UnixAddress.path(path)))
      expect(['EADDRINUSE', 'ECONNREFUSED', 'ENOTSOCK']).toContain(error.code)
      expect(error.message).toContain('a regular file')
    }
  })

  test('a directory in the way is named', () => {
    const path = join(tempDir(), 'directory')
    mkdirSync(path)
    expect(
      errorOf(() => sockets.bind(owned(sockets.open('unix')), UnixAddress.path(path))).message,
    ).toContain('a directory')
  })

  test('another socket type at the address is told', () => {
    const path = socketPath()
    const receiver = owned(sockets.open('unix', 'datagram'))
    sockets.bind(receiver, UnixAddress.path(path))
    const error = errorOf(() => sockets.connect(owned(sockets.open('unix')), UnixAddress.path(path)))
    expect(error).toMatchObject({ code: 'EPROTOTYPE' })
    expect(error.message).toContain('do not mix')
  })

  test('a connect that finds the backlog full waits up to the deadline', () => {
    const path = UnixAddress.path(socketPath())
    const listener = owned(sockets.open('unix'))
    sockets.bind(listener, path)
    sockets.listen(listener, 0)
    const started = performance.now()
    const error = errorOf(() => {
      for (let i = 0; i < 50; i += 1) sockets.connect(owned(sockets.open('unix')), path, { timeoutMs: 80 })
    })
    // macOS refuses at once.
    if (process.platform === 'darwin') expect(error.code).toBe('ECONNREFUSED')
    else {
      expect(error).toMatchObject({ code: 'ETIMEDOUT' })
      expect(performance.now() - started).toBeGreaterThanOrEqual(79)
    }
  })

  test('a signal does not end a wait before its time', async () => {
    const child = spawnScript(new URL('./fixtures/signalled.ts', import.meta.url), [])
    await child.waitForLine(/waiting/)
    for (let i = 0; i < 20; i += 1) {
      child.process.kill('SIGUSR2')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(await child.exit).toEqual({ code: 0, signal: null })
    const [, code, waited] = /(\w+) after (\d+)/.exec(child.stdout()) ?? []
    expect(code).toBe('ETIMEDOUT')
    expect(Number(waited)).toBeGreaterThanOrEqual(399)
    expect(Number(waited)).toBeLessThan(5000)
  })

  test('a child process inherits none of the sockets', async () => {
    const [a] = connected('unix')
    const child = spawnScript(new URL('./fixtures/inherits.ts', import.meta.url), [String(a.fd)])
    await child.exit
    expect(child.stdout().trim()).toBe('EBADF')
  })

  test('descriptors that were received are not inherited either', async () => {
    const [a, b] = sockets.pair().map(owned)
    const path = join(tempDir(), 'file')
    const fd = openSync(path, 'w+')
    writeSync(fd, 'x')
    sockets.sendMessage(a!, { data: Buffer.from('x'), descriptors: [fd] })
    const { descriptors } = sockets.receiveMessage(b!, Buffer.alloc(1), { maxDescriptors: 1 })
    const received = owned(descriptors[0]!)
    expect(readSync(received.fd, Buffer.alloc(1), 0, 1, 0)).toBe(1)
    const child = spawnScript(new URL('./fixtures/inherits.ts', import.meta.url), [String(received.fd)])
    await child.exit
    expect(child.stdout().trim()).toBe('EBADF')
    closeSync(fd)
  })
})

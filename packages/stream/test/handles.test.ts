import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { connect, createServer, Socket, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  codeOfCall,
  expectNoLeak,
  handleCount,
  needs,
  socketPath,
  spawnProgram,
  spawnScript,
  tempDir,
  until,
} from '@uds/testkit'
import {
  HandleChannel,
  listenHandles,
  type HandleListener,
  type ListenHandlesOptions,
} from '@uds/stream/handles'
import {
  capabilities,
  SocketError,
  sockets,
  UnixAddress,
  type Descriptor,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { encodeHeader, FrameReader } from '../src/handles/frame.ts'

const can = capabilities()
const python = needs('python3')

const pair = (options = {}): [HandleChannel, HandleChannel] => {
  const [a, b] = HandleChannel.pair(options)
  onTestFinished(() => {
    a.close()
    b.close()
  })
  return [a, b]
}

const listening = (
  path: string,
  onConnection: (channel: HandleChannel) => void,
  options?: ListenHandlesOptions,
): HandleListener => {
  const listener = listenHandles(path, options)
  listener.on('connection', onConnection)
  onTestFinished(() => listener.close())
  return listener
}

const connected = (path: string): HandleChannel => {
  const channel = HandleChannel.connect(path)
  onTestFinished(() => channel.close())
  return channel
}

const fileWith = (content: string): string => {
  const path = join(tempDir(), 'file.txt')
  writeFileSync(path, content)
  return path
}

/** A file that is open, and closed after the test. */
const opened = (path: string, flags = 'r'): number => {
  const fd = openSync(path, flags)
  onTestFinished(() => closeSync(fd))
  return fd
}

const codeOfFrom = (socket: number | SocketHandle): unknown => codeOfCall(() => HandleChannel.from(socket))

describe.skipIf(!can.descriptors)('HandleChannel', () => {
  test('a file arrives with its message, and can be read', async () => {
    const [a, b] = pair()
    await a.sendHandle(opened(fileWith('what is in it')), 'the report')
    const { handle, message } = await b.receiveHandle()
    expect(String(message)).toBe('the report')
    expect(handle?.kind).toBe('file')
    const file = handle!.toFile()
    expect(await file.readFile('utf8')).toBe('what is in it')
    file.close()
    expect(file.fd).toBe(-1)
  })

  test('a file can be written, measured and cut through its copy', async () => {
    const [a, b] = pair()
    const path = fileWith('0123456789')
    await a.sendHandle(opened(path, 'r+'))
    const { handle } = await b.receiveHandle()
    const file = handle!.toFile()
    const buffer = Buffer.alloc(4)
    expect(await file.read(buffer, { position: 2 })).toEqual({ bytesRead: 4, buffer: Buffer.from('2345') })
    expect(await file.write(Buffer.from('AB'), { position: 0 })).toMatchObject({ bytesWritten: 2 })
    await file.truncate(5)
    await file.sync()
    expect((await file.stat()).size).toBe(5)
    file.close()
    expect(readFileSync(path, 'utf8')).toBe('AB234')
  })

  test('a FileHandle of Node and a stream can be sent; the copy becomes a stream', async () => {
    const [a, b] = pair()
    const source = await open(fileWith('streamed'))
    await a.sendHandle(source)
    await source.close()
    const { handle } = await b.receiveHandle()
    expect(await text(handle!.toFile().createReadStream())).toBe('streamed')
    expect(handle!.fd).toBe(-1)
  })

  test('messages keep their borders and their handles, however many are on their way', async () => {
    const [a, b] = pair({ maxQueued: 2 })
    const files = Array.from({ length: 40 }, (_, index) => opened(fileWith(`content ${index}`)))
    const sends = files.map((fd, index) =>
      index % 3 === 0 ? a.sendMessage(`plain ${index}`) : a.sendHandle(fd, `message ${index}`),
    )
    for (let index = 0; index < files.length; index += 1) {
      const { message, handle, handles } = await b.receiveHandle()
      if (index % 3 === 0) {
        expect(String(message)).toBe(`plain ${index}`)
        expect(handles).toEqual([])
      } else {
        expect(String(message)).toBe(`message ${index}`)
        const file = handle!.toFile()
        expect(await file.readFile('utf8')).toBe(`content ${index}`)
        file.close()
      }
    }
    await Promise.all(sends)
  })

  test('a message may have many handles, and be longer than what the system takes at once', async () => {
    const [a, b] = pair()
    const files = Array.from({ length: 100 }, () => opened(fileWith('x')))
    const message = Buffer.alloc(1_000_000, 'abc')
    const [received] = await Promise.all([b.receiveHandle(), a.sendHandle(files, message)])
    expect(received.message.equals(message)).toBe(true)
    expect(received.handles.map(({ kind }) => kind)).toEqual(files.map(() => 'file'))
    received.handles.forEach((each) => each.close())
  })

  test('a directory and a pipe say what they are', async () => {
    const [a, b] = pair()
    await a.sendHandle(opened(tempDir()))
    const { handle: directory } = await b.receiveHandle()
    expect(directory?.kind).toBe('directory')
    directory?.close()
    const child = spawnProgram(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'])
    const socket = child.process.stdin as unknown as Socket
    await a.sendHandle(socket, 'stdin of a child', { keepOpen: true })
    const { handle } = await b.receiveHandle()
    expect(['pipe', 'socket']).toContain(handle?.kind)
    handle!.toSocket().end('through a copy')
    socket.destroy()
    await child.exit
    expect(child.stdout()).toBe('through a copy')
  })

  test('a connection becomes a net.Socket of the receiver, and is no longer of the sender', async () => {
    const [a, b] = pair()
    const server = createServer({ pauseOnConnect: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [accepted] = (await once(server, 'connection')) as [Socket]
    client.write('unread by the sender')
    await a.sendHandle(accepted, 'take over')
    expect(accepted.destroyed).toBe(true)
    const { handle } = await b.receiveHandle()
    expect(handle?.kind).toBe('socket')
    const socket = handle!.toSocket()
    expect(socket).toBeInstanceOf(Socket)
    const [data] = (await once(socket, 'data')) as [Buffer]
    expect(String(data)).toBe('unread by the sender')
    socket.end('answered elsewhere')
    expect(await text(client)).toBe('answered elsewhere')
  })

  test('a connection of which bytes were read here is refused', async () => {
    const [a] = pair()
    const server = createServer()
    const path = socketPath()
    await new Promise<void>((resolve) => server.listen(path, resolve))
    onTestFinished(() => void server.close())
    const client = connect(path)
    const [accepted] = (await once(server, 'connection')) as [Socket]
    accepted.once('readable', () => {})
    client.write('already here')
    await once(accepted, 'readable')
    await expect(a.sendHandle(accepted)).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' })
    client.destroy()
    accepted.destroy()
  })

  test('a listening socket becomes a net.Server of the receiver', async () => {
    const [a, b] = pair()
    const server = createServer()
    const path = socketPath()
    await new Promise<void>((resolve) => server.listen(path, resolve))
    await a.sendHandle(server)
    const { handle } = await b.receiveHandle()
    expect(handle?.kind).toBe('server')
    expect(() => handle!.toFile()).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    const other = handle!.toServer()
    await once(other, 'listening')
    other.on('connection', (socket) => socket.end('from the copy'))
    server.on('connection', (socket) => socket.end('from the copy'))
    expect(await text(connect(path))).toBe('from the copy')
    await new Promise((resolve) => other.close(resolve))
    await new Promise((resolve) => server.close(resolve))
  })

  test('a datagram socket arrives as one', async () => {
    const [a, b] = pair()
    const [left, right] = sockets.pair('datagram')
    await a.sendHandle(right)
    right.close()
    const { handle } = await b.receiveHandle()
    expect(() => handle!.toSocket()).toThrow(/datagram/)
    left.close()
  })

  test('a handle may be closed as soon as the send has ended, and even before', async () => {
    const [a, b] = pair({ maxQueued: 1 })
    const sends: Promise<void>[] = []
    for (let index = 0; index < 200; index += 1) {
      const fd = openSync(fileWith(`content ${index}`), 'r')
      sends.push(a.sendHandle(fd, Buffer.alloc(20_000)))
      closeSync(fd)
    }
    for (let index = 0; index < 200; index += 1) {
      const { handle } = await b.receiveHandle()
      const file = handle!.toFile()
      expect(await file.readFile('utf8')).toBe(`content ${index}`)
      file.close()
    }
    await Promise.all(sends)
  })

  test('an abort takes a message that waits out of the queue, and closes nothing else', async () => {
    const [a, b] = pair({ maxQueued: 1 })
    const fill: Promise<void>[] = []
    for (let index = 0; index < 30; index += 1) fill.push(a.sendMessage(Buffer.alloc(100_000)))
    const abort = new AbortController()
    const aborted = a.sendHandle(opened(fileWith('x')), 'never', { signal: abort.signal })
    const last = a.sendMessage('last')
    abort.abort(new Error('too late'))
    await expect(aborted).rejects.toThrow('too late')
    for (let index = 0; index < 30; index += 1)
      expect((await b.receiveHandle()).message).toHaveLength(100_000)
    expect(String((await b.receiveHandle()).message)).toBe('last')
    await Promise.all([...fill, last])
  })

  test('an aborted receive loses nothing', async () => {
    const [a, b] = pair()
    const abort = new AbortController()
    const receive = b.receiveHandle({ signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(receive).rejects.toThrow('enough')
    await a.sendMessage('kept')
    expect(String((await b.receiveHandle()).message)).toBe('kept')
  })

  test('the end of the peer is the end of the iterator, after what was sent', async () => {
    const [a, b] = pair()
    await a.sendMessage('one')
    await a.sendHandle(opened(fileWith('x')), 'two')
    a.close()
    const found: string[] = []
    for await (const { message, handle } of b) {
      found.push(String(message))
      handle?.close()
    }
    expect(found).toEqual(['one', 'two'])
    await expect(b.receiveHandle()).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect(b.sendMessage('x')).rejects.toMatchObject({
      code: expect.stringMatching(/EPIPE|ECONNRESET/),
    })
  })

  test('close rejects what waits, closes what was not received, and is no error twice', async () => {
    const [a, b] = pair()
    await a.sendHandle(opened(fileWith('x')), 'unreceived')
    // Received by the channel, and by nobody else.
    await b.receiveHandle().then(({ handle }) => handle?.close())
    const waiting = b.receiveHandle()
    const closed = once(b, 'close')
    b.close()
    b.close()
    await expect(waiting).rejects.toMatchObject({ code: 'EBADF' })
    expect(await closed).toEqual([undefined])
    await expect(b.sendMessage('x')).rejects.toMatchObject({ code: 'EBADF' })
  })

  test('a message that is too long ends the channel with EMSGSIZE', async () => {
    const [a, b] = pair({ maxMessageBytes: 10 })
    void a.sendMessage(Buffer.alloc(11)).catch(() => {})
    await expect(b.receiveHandle()).rejects.toMatchObject({ code: 'EMSGSIZE' })
    expect(b.closed).toBe(true)
    await expect(b.receiveHandle()).rejects.toMatchObject({ code: 'EMSGSIZE' })
  })

  test('bytes that are no frame end the channel with EPROTO', async () => {
    const [left, right] = sockets.pair()
    const channel = HandleChannel.from(left)
    onTestFinished(() => channel.close())
    sockets.send(right, Buffer.from('GET / HTTP/1.1\r\n'))
    await expect(channel.receiveHandle()).rejects.toMatchObject({ code: 'EPROTO' })
    right.close()
  })

  test('a peer that ends in the middle of a message is EPROTO', async () => {
    const [left, right] = sockets.pair()
    const channel = HandleChannel.from(left)
    onTestFinished(() => channel.close())
    sockets.send(right, encodeHeader(10, 0))
    right.close()
    await expect(channel.receiveHandle()).rejects.toMatchObject({ code: 'EPROTO' })
  })

  test('what had arrived before the peer broke the channel is received, and the error comes after it', async () => {
    const [a, b] = pair({ maxQueued: 1 })
    const file = opened(fileWith('x'))
    for (const word of ['one', 'two', 'three']) await a.sendHandle(file, word)
    await b.sendMessage('never read')
    const closed = once(b, 'close')
    a.close()
    const found: string[] = []
    const receiving = (async () => {
      for await (const { message, handles } of b) {
        found.push(`${message} ${handles.length}`)
        for (const each of handles) each.close()
        await expect(b.sendMessage('x')).rejects.toBeInstanceOf(SocketError)
      }
    })()
    await expect(receiving).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(found).toEqual(['one 1', 'two 1', 'three 1'])
    expect(await closed).toMatchObject([{ code: 'ECONNRESET' }])
  })

  test('a frame that cannot be sent whole ends sending, and what the peer has sent is received', async () => {
    const [left, right] = sockets.pair()
    const channel = HandleChannel.from(left)
    onTestFinished(() => channel.close())
    sockets.send(right, Buffer.concat([encodeHeader(5, 0), Buffer.from('later')]))
    const send = channel.sendMessage(Buffer.alloc(8_000_000))
    right.close()
    await expect(send).rejects.toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET/) as string })
    await expect(channel.sendMessage('x')).rejects.toBeInstanceOf(SocketError)
    expect(String((await channel.receiveHandle()).message)).toBe('later')
  })

  test('descriptors that no frame announces end the channel, and are closed', async () => {
    const [left, right] = sockets.pair()
    const before = handleCount()
    const channel = HandleChannel.from(left)
    const unannounced = {
      data: Buffer.concat([encodeHeader(1, 0), Buffer.from('x')]),
      descriptors: [0, 0, 0],
    }
    sockets.sendMessage(right, unannounced)
    const { message } = await channel.receiveHandle()
    expect(String(message)).toBe('x')
    await expect(channel.receiveHandle()).rejects.toMatchObject({ code: 'EPROTO' })
    expect(channel.closed).toBe(true)
    // The channel has closed its socket.
    expect(handleCount()).toBeLessThan(before)
    right.close()
  })

  test('descriptors within a message, and ever more before a header is complete, end the channel', async () => {
    for (const parts of [
      [encodeHeader(10, 0), Buffer.from('x')],
      [...encodeHeader(0, 253)].slice(0, 3).map((byte) => Buffer.of(byte)),
    ]) {
      const [left, right] = sockets.pair()
      const channel = HandleChannel.from(left)
      const received = channel.receiveHandle()
      const many = Array.from({ length: 200 }, () => 0)
      for (const [index, data] of parts.entries())
        sockets.sendMessage(right, { data, descriptors: index === 0 && data.length > 1 ? [] : many })
      await expect(received).rejects.toMatchObject({ code: 'EPROTO' })
      channel.close()
      right.close()
    }
  })

  test('while 253 handles wait to be received, the peer waits', async () => {
    const [left, right] = sockets.pair()
    const before = handleCount()
    const channel = HandleChannel.from(left, { maxQueued: 1000 })
    onTestFinished(() => channel.close())
    const frame = { data: encodeHeader(0, 100), descriptors: Array.from({ length: 100 }, () => 0) }
    for (let index = 0; index < 8; index += 1) sockets.sendMessage(right, frame)
    await until(() => handleCount() - before >= 300)
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(handleCount() - before).toBeLessThan(400)
    for (let index = 0; index < 8; index += 1) {
      const { handles } = await channel.receiveHandle()
      expect(handles).toHaveLength(100)
      for (const each of handles) each.close()
    }
    right.close()
  })

  test('more than waits for a peer that does not read is ENOBUFS, and the rest arrives', async () => {
    const [a, b] = pair({ maxQueued: 1, maxUnsent: 5 })
    const sends = Array.from({ length: 40 }, (_, index) => a.sendMessage(Buffer.alloc(100_000, index)))
    const results = await Promise.allSettled([
      ...sends.map((each) => each.catch((error: NodeJS.ErrnoException) => error.code)),
      (async () => {
        for (let left = 40; left > 0; left -= 1) {
          const { message } = await b.receiveHandle({ signal: AbortSignal.timeout(2000) })
          expect(message).toHaveLength(100_000)
        }
      })().catch(() => {}),
    ])
    const codes = results.map((each) => (each as { value?: unknown }).value)
    expect(codes).toContain('ENOBUFS')
    expect(codes.filter((code) => code === undefined).length).toBeGreaterThan(5)
  })

  test('handles of no known kind are other, and cost no other of their frame', async () => {
    const [a, b] = pair()
    const handles = [opened(fileWith('x'))]
    if (can.system === 'linux') {
      const O_PATH = 0o10000000
      const path = socketPath()
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(path, resolve))
      onTestFinished(() => void server.close())
      for (const each of [path, tempDir(), fileWith('x')]) {
        const fd = openSync(each, O_PATH)
        onTestFinished(() => closeSync(fd))
        handles.push(fd)
      }
    }
    await a.sendHandle(handles, 'kinds')
    const received = await b.receiveHandle()
    expect(received.handles.map(({ kind }) => kind)).toEqual(['file', ...handles.slice(1).map(() => 'other')])
    for (const each of received.handles) each.close()
  })

  describe('from', () => {
    test('a file, a closed descriptor, or another socket is refused, and stays open and with its owner', () => {
      const file = opened(fileWith('x'))
      expect(codeOfFrom(file)).toBe('ENOTSOCK')
      expect(readFileSync(file, 'utf8')).toBe('x')
      expect(codeOfFrom(999_999)).toBe('EBADF')
      expect(codeOfFrom(-1)).toBe('ERR_OUT_OF_RANGE')
      expect(codeOfFrom('3' as never)).toBe('ERR_INVALID_ARG_TYPE')
      const [datagram, other] = sockets.pair('datagram')
      const inet = sockets.open('inet')
      const unconnected = sockets.open('unix')
      const listener = sockets.open('unix')
      sockets.bind(listener, UnixAddress.path(socketPath()))
      sockets.listen(listener, 1)
      expect(codeOfFrom(datagram)).toBe('EPROTOTYPE')
      expect(codeOfFrom(datagram.fd)).toBe('EPROTOTYPE')
      expect(codeOfFrom(inet)).toBe('EAFNOSUPPORT')
      expect(codeOfFrom(unconnected)).toBe('ENOTCONN')
      expect(codeOfFrom(listener)).toBe('EINVAL')
      for (const each of [datagram, other, inet, unconnected, listener]) {
        expect(each.closed).toBe(false)
        each.close()
        expect(codeOfFrom(each)).toBe('EBADF')
      }
    })

    test('the descriptor of a net.Socket is refused, as Node reads it', async () => {
      const path = socketPath()
      const server = createServer((accepted) => accepted.resume())
      await new Promise<void>((resolve) => server.listen(path, resolve))
      onTestFinished(() => void server.close())
      const client = connect(path)
      onTestFinished(() => void client.destroy())
      await once(client, 'connect')
      const { fd } = (client as unknown as { _handle: { fd: number } })._handle
      expect(codeOfFrom(fd)).toBe('EBUSY')
      client.resume()
      expect(codeOfFrom(fd)).toBe('EBUSY')
    })

    test('wrong options leave the socket with its owner', () => {
      const [left, right] = sockets.pair()
      expect(codeOfCall(() => HandleChannel.from(left, { maxQueued: 0 }))).toBe('ERR_OUT_OF_RANGE')
      expect(codeOfCall(() => HandleChannel.from(left, { maxQueue: 1 } as never))).toBe(
        'ERR_INVALID_ARG_VALUE',
      )
      expect(left.closed).toBe(false)
      left.close()
      right.close()
    })
  })

  test.each([[undefined], [null], ['x'], [{}], [1.5]])('the handle %j is refused', async (handle) => {
    const [a] = pair()
    await expect(a.sendHandle(handle as unknown as number)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
  })

  test('a closed handle is EBADF, and the channel goes on', async () => {
    const [a, b] = pair()
    const handle = sockets.open('unix')
    handle.close()
    await expect(a.sendHandle(handle)).rejects.toMatchObject({ code: 'EBADF' })
    await expect(a.sendHandle(999_999)).rejects.toMatchObject({ code: 'EBADF' })
    await a.sendMessage('still alive')
    expect(String((await b.receiveHandle()).message)).toBe('still alive')
  })

  test('more than 253 handles are refused', async () => {
    const [a] = pair()
    await expect(a.sendHandle(Array.from({ length: 254 }, () => 0))).rejects.toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    })
  })

  test('sending and receiving leaves no handle behind, received or not', async () => {
    const path = fileWith('x')
    await expectNoLeak(
      async () => {
        const [a, b] = HandleChannel.pair()
        const fd = openSync(path, 'r')
        await a.sendHandle([fd, fd], 'taken')
        await a.sendHandle([fd, fd], 'never received')
        closeSync(fd)
        const { handles } = await b.receiveHandle()
        handles.forEach((each) => each.close())
        a.close()
        b.close()
      },
      { times: 40 },
    )
    expect(handleCount()).toBeGreaterThan(0)
  })
})

describe.skipIf(!can.descriptors)('between processes', () => {
  test('a listener takes channels of the same user, and tells who they are', async () => {
    const path = socketPath()
    const accepted = Promise.withResolvers<HandleChannel>()
    listening(path, accepted.resolve)
    const client = connected(path)
    const server = await accepted.promise
    expect(server.peerCredentials).toMatchObject({ pid: process.pid, uid: process.getuid?.() })
    await server.sendMessage('welcome')
    expect(String((await client.receiveHandle()).message)).toBe('welcome')
    server.close()
  })

  test('authorize refuses, and the refusal is told', async () => {
    const path = socketPath()
    const listener = listening(path, () => expect.unreachable(), { authorize: () => false })
    const refused = once(listener, 'connectionError')
    const client = connected(path)
    expect(await refused).toMatchObject([{ code: 'EACCES' }])
    await expect(client.receiveHandle()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test.each<[string, () => unknown]>([
    ['a promise of true', () => Promise.resolve(true)],
    ['a promise that rejects', () => Promise.reject(new Error('away'))],
    ['a word', () => 'yes'],
    ['an object', () => ({ allowed: true })],
    ['nothing', () => undefined],
  ])('authorize that returns %s refuses', async (_, authorize) => {
    const path = socketPath()
    const listener = listening(path, () => expect.unreachable(), { authorize: authorize as () => boolean })
    const refusal = once(listener, 'connectionError')
    const client = connected(path)
    expect(await refusal).toMatchObject([
      { code: 'EACCES', message: expect.stringContaining('must return true or false') as string },
    ])
    await expect(client.receiveHandle()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('an error of authorize refuses, and its owner hears it', async () => {
    const path = socketPath()
    const cause = new Error('the database is away')
    const listener = listening(path, () => expect.unreachable(), {
      authorize: () => {
        throw cause
      },
    })
    const refusal = once(listener, 'connectionError')
    const client = connected(path)
    expect(await refusal).toMatchObject([{ code: 'EACCES', cause }])
    await expect(client.receiveHandle()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('a misspelt option is refused before anything listens', () => {
    const path = socketPath()
    expect(codeOfCall(() => listenHandles(path, { autorize: 'anybody' } as never))).toBe(
      'ERR_INVALID_ARG_VALUE',
    )
    expect(existsSync(path)).toBe(false)
  })

  test('a connection that no listener takes is closed', async () => {
    const path = socketPath()
    const listener = listenHandles(path)
    onTestFinished(() => listener.close())
    await expect(connected(path).receiveHandle()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('the socket file of a process that was killed is replaced, and that of a live one is not', async () => {
    const path = socketPath()
    const killed = spawnScript(new URL('./fixtures/handle-listener.ts', import.meta.url), [path])
    await killed.waitForLine(/listening/)
    expect(codeOfCall(() => listenHandles(path))).toBe('EADDRINUSE')
    await killed.kill('SIGKILL')
    expect(existsSync(path)).toBe(true)
    expect(codeOfCall(() => listenHandles(path, { removeStale: false }))).toBe('EADDRINUSE')
    const accepted = Promise.withResolvers<HandleChannel>()
    listening(path, accepted.resolve)
    const client = connected(path)
    await client.sendMessage('to the successor')
    const server = await accepted.promise
    expect(String((await server.receiveHandle()).message)).toBe('to the successor')
    server.close()
  })

  test('a path that names a file is EADDRINUSE, and the file stays', () => {
    const path = fileWith('not a socket')
    expect(codeOfCall(() => listenHandles(path))).toBe('EADDRINUSE')
    expect(readFileSync(path, 'utf8')).toBe('not a socket')
  })

  test('an unrelated process of Node gives a file that this one could not name', async () => {
    const path = socketPath()
    const accepted = Promise.withResolvers<HandleChannel>()
    listening(path, accepted.resolve)
    const peer = spawnScript(new URL('./fixtures/handle-sender.ts', import.meta.url), [
      path,
      fileWith('secret'),
    ])
    const channel = await accepted.promise
    const { handle, message } = await channel.receiveHandle()
    expect(String(message)).toBe('a file')
    const file = handle!.toFile()
    expect(await file.readFile('utf8')).toBe('secret')
    file.close()
    expect(await peer.exit).toEqual({ code: 0, signal: null })
    channel.close()
  })

  test.skipIf(python.missing)('Python speaks the frames with send_fds and recv_fds', async () => {
    const path = socketPath()
    const accepted = Promise.withResolvers<HandleChannel>()
    listening(path, accepted.resolve)
    const program = `
import os, socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
r, w = os.pipe()
socket.send_fds(s, [struct.pack('<IBxxx', 4, 1) + b'pipe'], [w])
os.close(w)
print(os.read(r, 100).decode())
data, fds, flags, address = socket.recv_fds(s, 100, 1)
length, count = struct.unpack('<IB', data[:5])
print(length, count, data[8:].decode(), os.read(fds[0], 100).decode())`
    const peer = spawnProgram(python.path, ['-c', program, path])
    const channel = await accepted.promise
    const { handle, message } = await channel.receiveHandle()
    expect(String(message)).toBe('pipe')
    expect(handle?.kind).toBe('pipe')
    handle!.toSocket().end('into the pipe')
    await channel.sendHandle(opened(fileWith('from node')), 'file')
    expect(await peer.exit).toEqual({ code: 0, signal: null })
    expect(peer.stdout()).toBe('into the pipe\n4 1 file from node\n')
    channel.close()
  })
})

const fake = (fd: number): Descriptor => ({ fd, close: () => {} }) as unknown as Descriptor

describe('frames', () => {
  test('any split of the bytes gives the same messages with the same handles', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ message: fc.uint8Array({ maxLength: 40 }), handles: fc.nat(3) }), {
          maxLength: 12,
        }),
        fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 80 }),
        (frames, cuts) => {
          let number = 0
          const wanted = frames.map(({ message, handles }) => ({
            message: Buffer.from(message).toString('hex'),
            fds: Array.from({ length: handles }, () => (number += 1)),
          }))
          const reader = new FrameReader(100)
          const found: { message: string; fds: number[] }[] = []
          const push = (bytes: Buffer, fds: readonly number[]): void => {
            reader.push(bytes, fds.map(fake))
            for (let frame; (frame = reader.next());)
              found.push({
                message: frame.message.toString('hex'),
                fds: frame.descriptors.map(({ fd }) => fd),
              })
          }
          let cut = 0
          frames.forEach(({ message }, index) => {
            let bytes = Buffer.concat([encodeHeader(message.length, wanted[index]!.fds.length), message])
            // Descriptors come with the first byte of their frame.
            let fds: readonly number[] = wanted[index]!.fds
            while (bytes.length > 0) {
              const size = cuts[cut % Math.max(1, cuts.length)] ?? 7
              cut += 1
              push(Buffer.from(bytes.subarray(0, size)), fds)
              bytes = bytes.subarray(size)
              fds = []
            }
          })
          expect(found).toEqual(wanted)
          expect(reader.atBoundary).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('a frame that announces more handles than came is EPROTO', () => {
    const reader = new FrameReader(100)
    reader.push(encodeHeader(0, 2), [fake(3)])
    expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'EPROTO' }))
  })
})

describe.skipIf(can.descriptors)('where handles cannot be passed', () => {
  test('everything says so in words', () => {
    const expected = expect.objectContaining({ code: 'ENOTSUP', message: expect.stringContaining('handles') })
    expect(() => HandleChannel.pair()).toThrow(expected)
    expect(() => HandleChannel.connect('./x')).toThrow(expected)
    expect(() => HandleChannel.from(3)).toThrow(expected)
    expect(() => listenHandles('./x')).toThrow(expected)
  })
})

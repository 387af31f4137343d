import { once } from 'node:events'
import { closeSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { codeOf, codeOfCall, expectNoLeak, handleCount, needs, socketPath, spawnProgram } from '@uds/testkit'
import {
  AncillarySocket,
  connectAncillary,
  listenAncillary,
  type AncillaryOptions,
  type ListenAncillaryOptions,
} from '@uds/stream/handles'
import { connect, listen } from '@uds/stream'
import { capabilities, sockets } from '@uds/winsock-ffi'
import { fileWith } from './dbus.ts'

const can = capabilities()
const python = needs('python3')

const owned = <T extends { close(): void }>(thing: T): T => {
  onTestFinished(() => thing.close())
  return thing
}

const pair = (options?: AncillaryOptions): [AncillarySocket, AncillarySocket] => {
  const [a, b] = sockets.pair()
  return [owned(AncillarySocket.from(a, options)), owned(AncillarySocket.from(b, options))]
}

/** A client and what the listener accepted. */
const connected = async (options?: ListenAncillaryOptions): Promise<[AncillarySocket, AncillarySocket]> => {
  const path = socketPath()
  const listener = owned(listenAncillary(path, options))
  const accepted = once(listener, 'connection') as Promise<[AncillarySocket]>
  const client = owned(connectAncillary(path))
  const [server] = await accepted
  return [client, owned(server)]
}

/** All bytes up to the end, and the number of descriptors, which are closed. */
const readAll = async (socket: AncillarySocket): Promise<{ bytes: Buffer; descriptors: number }> => {
  const parts: Buffer[] = []
  let count = 0
  for await (const { data, descriptors } of socket) {
    parts.push(data)
    count += descriptors.length
    for (const each of descriptors) each.close()
  }
  return { bytes: Buffer.concat(parts), descriptors: count }
}

describe.skipIf(!can.descriptors)('AncillarySocket', () => {
  test('is made of a fresh net.Socket, with the options of listen; one that was read from is refused', async () => {
    const path = socketPath()
    const listener = await listen(`unix:${path}`, { mode: 0o600, authorize: 'sameUser' })
    onTestFinished(() => listener.close())
    const accepted = new Promise<AncillarySocket>((resolve) =>
      listener.once('connection', (connection) => resolve(owned(AncillarySocket.from(connection)))),
    )
    const client = owned(AncillarySocket.from(await connect(`unix:${path}`)))
    await client.send('hello')
    await client.end()
    const server = await accepted
    expect(String((await readAll(server)).bytes)).toBe('hello')
    await server.send('late')
    await server.end()
    expect(String((await readAll(client)).bytes)).toBe('late')

    listener.once('connection', (connection) => connection.end('bytes'))
    const read = await connect(`unix:${path}`)
    await once(read, 'readable')
    expect(codeOfCall(() => AncillarySocket.from(read))).toBe('ERR_INVALID_STATE')
    expect(String(read.read())).toBe('bytes')
    read.destroy()
  })

  test('carries bytes and descriptors both ways, and each half has its end', async () => {
    const [client, server] = await connected()
    const fd = fileWith('what is in it')
    await client.send('a file', { descriptors: [fd] })
    closeSync(fd)
    await client.end()
    let seen = ''
    for await (const { data, descriptors, truncated } of server) {
      expect([String(data), descriptors.length, truncated]).toEqual(['a file', 1, false])
      seen = readFileSync(descriptors[0]!.fd, 'utf8')
      descriptors[0]!.close()
    }
    expect(seen).toBe('what is in it')
    const closed = once(server, 'close')
    await server.send('an answer after the end')
    await server.end()
    expect(String((await readAll(client)).bytes)).toBe('an answer after the end')
    // Both halves have ended at both ends.
    expect(await closed).toEqual([undefined])
    expect(client.closed).toBe(true)
  })

  test('descriptors come no later than the last byte of their message, and none of a later one before it', async () => {
    const [left, right] = sockets.pair()
    const socket = owned(AncillarySocket.from(left))
    sockets.send(right, Buffer.from('plain '))
    sockets.sendMessage(right, { data: Buffer.from('one '), descriptors: [0] })
    sockets.sendMessage(right, { data: Buffer.from('two '), descriptors: [0, 0] })
    sockets.send(right, Buffer.from('plain again'))
    right.close()
    const seen: [string, number][] = []
    for await (const { data, descriptors } of socket) {
      seen.push([String(data), descriptors.length])
      for (const each of descriptors) each.close()
    }
    const place = (count: number): string => seen.find((each) => each[1] === count)?.[0] ?? ''
    expect(seen.map(([text]) => text).join('')).toBe('plain one two plain again')
    expect(place(1)).toMatch(/one $/)
    expect(place(2)).toMatch(/^two /)
  })

  test('megabytes and descriptors arrive whole and in order, with a receiver that is slow', async () => {
    const [a, b] = pair()
    const sending = (async () => {
      for (let index = 0; index < 200; index += 1) {
        const data = Buffer.alloc(50_000)
        data.writeUInt32LE(index)
        const fd = fileWith(String(index))
        const sent = a.send(data, { descriptors: [fd] })
        // The memory and the descriptor are the caller's again at once.
        data.fill(0xff)
        closeSync(fd)
        await sent
      }
      await a.end()
    })()
    const parts: Buffer[] = []
    const files: string[] = []
    for await (const { data, descriptors } of b) {
      parts.push(data)
      for (const each of descriptors) {
        files.push(readFileSync(each.fd, 'utf8'))
        each.close()
      }
      if (files.length % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await sending
    const bytes = Buffer.concat(parts)
    expect(bytes).toHaveLength(200 * 50_000)
    expect(bytes.includes(0xff)).toBe(false)
    for (let index = 0; index < 200; index += 1) expect(bytes.readUInt32LE(index * 50_000)).toBe(index)
    expect(files).toEqual(Array.from({ length: 200 }, (_, index) => String(index)))
  })

  test('after many messages with a descriptor each, as many are open as before', async () => {
    const MESSAGES = process.env['UDS_LOSS'] === 'full' ? 100_000 : 20_000
    const [a, b] = pair()
    const before = handleCount()
    const sending = (async () => {
      for (let index = 0; index < MESSAGES; index += 1) await a.send('x', { descriptors: [0] })
      await a.end()
    })()
    const { bytes, descriptors } = await readAll(b)
    await sending
    expect([bytes.length, descriptors]).toEqual([MESSAGES, MESSAGES])
    expect(handleCount()).toBe(before)
  })

  test('what had arrived before the peer broke the connection is received, and the error comes after it', async () => {
    const [a, b] = pair()
    await a.send('one', { descriptors: [0] })
    await b.send('never read')
    const closed = once(b, 'close')
    a.close()
    const seen: [string, number][] = []
    const receiving = (async () => {
      for await (const { data, descriptors } of b) {
        seen.push([String(data), descriptors.length])
        for (const each of descriptors) each.close()
      }
    })()
    expect(await codeOf(receiving)).toBe('ECONNRESET')
    expect(seen).toEqual([['one', 1]])
    expect(await closed).toMatchObject([{ code: 'ECONNRESET' }])
    expect(await codeOf(b.send('x'))).toBe('EBADF')
  })

  test('more descriptors than maxDescriptors are closed, and the chunk says so', async () => {
    const [a, b] = pair({ maxDescriptors: 1 })
    await a.send('x', { descriptors: [0, 0, 0] })
    for await (const { truncated, descriptors } of b) {
      expect([truncated, descriptors.length]).toEqual([true, 1])
      descriptors[0]!.close()
      break
    }
  })

  test('descriptors that no receiver reads are closed, and those that wait are bounded', async () => {
    const before = handleCount()
    const [left, right] = sockets.pair()
    const socket = AncillarySocket.from(left)
    for (let index = 0; index < 20; index += 1)
      sockets.sendMessage(right, { data: Buffer.from('x'), descriptors: [0, 0, 0, 0, 0] })
    let chunks = 0
    for await (const { data } of socket) {
      expect(data).toHaveLength(1)
      if ((chunks += 1) === 20) break
    }
    expect(handleCount() - before).toBeLessThan(10)
    for (let index = 0; index < 8; index += 1)
      sockets.sendMessage(right, {
        data: Buffer.from('x'),
        descriptors: Array.from({ length: 100 }, () => 0),
      })
    const iterator = socket[Symbol.asyncIterator]()
    await iterator.next()
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    // One is handed out, and less than 253 + 100 wait.
    expect(handleCount() - before).toBeLessThan(2 + 100 + 353)
    socket.close()
    right.close()
    expect(handleCount()).toBeLessThanOrEqual(before)
  })

  test('a peer that does not read holds up its sender, and more than maxUnsent is ENOBUFS', async () => {
    const [a, b] = pair({ maxUnsent: 3 })
    const sends = Array.from({ length: 30 }, () => codeOf(a.send(Buffer.alloc(100_000))))
    const ended = a.end()
    expect(await codeOf(a.send('after the end'))).toBe('EPIPE')
    const { bytes } = await readAll(b)
    const codes = await Promise.all(sends)
    await ended
    expect(codes).toContain('ENOBUFS')
    expect(bytes.length).toBe(codes.filter((code) => code === 'no error').length * 100_000)
  })

  test('an abort takes a send that waits out of the queue, with its descriptors', async () => {
    const [a, b] = pair()
    const fill = Array.from({ length: 10 }, () => a.send(Buffer.alloc(100_000)))
    const before = handleCount()
    const abort = new AbortController()
    const aborted = a.send('never', { descriptors: [0, 0], signal: abort.signal })
    expect(handleCount() - before).toBe(2)
    abort.abort(new Error('too late'))
    await expect(aborted).rejects.toThrow('too late')
    expect(handleCount()).toBe(before)
    const ended = a.end()
    expect(await readAll(b)).toMatchObject({ descriptors: 0 })
    await Promise.all([...fill, ended])
  })

  test.skipIf(can.system !== 'linux')('credentials of the sender come with the bytes', async () => {
    const [client, server] = await connected({ credentials: true })
    await client.send('who am I')
    for await (const { credentials } of server) {
      expect(credentials).toMatchObject({ pid: process.pid, uid: process.getuid?.() })
      break
    }
    expect(server.peerCredentials).toMatchObject({ pid: process.pid })
  })

  test('wrong arguments are refused before anything is sent', async () => {
    const [a] = pair()
    expect(await codeOf(a.send('', { descriptors: [0] }))).toBe('ERR_INVALID_ARG_VALUE')
    expect(await codeOf(a.send(5 as never))).toBe('ERR_INVALID_ARG_TYPE')
    expect(await codeOf(a.send('x', { descriptors: ['x' as never] }))).toBe('ERR_INVALID_ARG_TYPE')
    expect(await codeOf(a.send('x', { descriptors: Array.from({ length: 254 }, () => 0) }))).toBe(
      'ERR_OUT_OF_RANGE',
    )
    expect(await codeOf(a.send('x', { descriptors: [999_999] }))).toBe('EBADF')
    expect(await codeOf(a.send(''))).toBe('no error')
    expect(codeOfCall(() => connectAncillary('./x', { maxDescriptor: 1 } as never))).toBe(
      'ERR_INVALID_ARG_VALUE',
    )
    expect(codeOfCall(() => listenAncillary('./x', { maxDescriptors: 254 }))).toBe('ERR_OUT_OF_RANGE')
    const file = fileWith('x')
    expect(codeOfCall(() => AncillarySocket.from(file))).toBe('ENOTSOCK')
    closeSync(file)
    expect(codeOfCall(() => connectAncillary(socketPath()))).toBe('ENOENT')
    a.close()
    expect(await codeOf(a.send('x'))).toBe('EBADF')
  })

  test.skipIf(can.system !== 'linux')(
    'a receiver that takes no descriptors is named in the error',
    async () => {
      const [left, right] = sockets.pair()
      const socket = owned(AncillarySocket.from(left))
      // SO_PASSRIGHTS of Linux 6.16, <asm-generic/socket.h>: older ones have no such option, and every receiver takes them.
      const SO_PASSRIGHTS = 83
      const { libc } = await import('@uds/winsock-ffi')
      const set = libc.setsockopt.attempt(right.fd, 1, SO_PASSRIGHTS, Int32Array.of(0), 4)
      const code = await codeOf(socket.send('x', { descriptors: [0] }))
      expect(code).toBe(set < 0 ? 'no error' : 'EPERM')
      if (set >= 0)
        await expect(socket.send('x', { descriptors: [0] })).rejects.toThrow(/takes no descriptors/)
      right.close()
    },
  )

  test('who may connect is decided as by listenHandles', async () => {
    const path = socketPath()
    const listener = owned(listenAncillary(path, { authorize: () => 'yes' as never }))
    listener.on('connection', () => expect.unreachable())
    const refusal = once(listener, 'connectionError')
    const client = owned(connectAncillary(path))
    expect(await refusal).toMatchObject([{ code: 'EACCES' }])
    expect((await readAll(client).catch(() => ({ bytes: Buffer.alloc(0) }))).bytes).toHaveLength(0)
    listener.close()
    expect(existsSync(path)).toBe(false)
  })

  test('a node:net server at the other end hears the bytes; its end is the end', async () => {
    const path = socketPath()
    const server = createServer((socket) => socket.pipe(socket))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    onTestFinished(() => void server.close())
    const client = owned(connectAncillary(path))
    await client.send('through node:net', { descriptors: [0] })
    await client.end()
    expect(await readAll(client)).toEqual({ bytes: Buffer.from('through node:net'), descriptors: 0 })
  })

  test('connecting, sending and closing leaves no handle behind, received or not', async () => {
    await expectNoLeak(
      async () => {
        const [a, b] = pair()
        await a.send('taken', { descriptors: [0, 0] })
        await a.send('not taken', { descriptors: [0, 0] })
        for await (const { descriptors } of b) {
          for (const each of descriptors) each.close()
          break
        }
        a.close()
        b.close()
      },
      { times: 40 },
    )
  })

  test.skipIf(python.missing)('Python passes a pipe, and reads a file of ours', async () => {
    const path = socketPath()
    const listener = owned(listenAncillary(path))
    const accepted = once(listener, 'connection') as Promise<[AncillarySocket]>
    const program = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
r, w = os.pipe()
s.sendall(b'before ')
socket.send_fds(s, [b'with'], [w])
s.sendall(b' after')
os.close(w)
print(os.read(r, 100).decode())
data, fds, flags, address = socket.recv_fds(s, 100, 4)
print(data.decode(), os.read(fds[0], 100).decode())`
    const peer = spawnProgram(python.path, ['-c', program, path])
    const [socket] = await accepted
    owned(socket)
    let text = ''
    for await (const { data, descriptors } of socket) {
      text += data
      for (const each of descriptors) {
        expect(text).toBe('before with')
        writeFileSync(each.fd, 'into the pipe')
        each.close()
      }
      if (text === 'before with after') break
    }
    const fd = fileWith('from node')
    await socket.send('file', { descriptors: [fd] })
    closeSync(fd)
    expect(await peer.exit).toEqual({ code: 0, signal: null })
    expect(peer.stdout()).toBe('into the pipe\nfile from node\n')
  })
})

describe.skipIf(can.descriptors)('where descriptors cannot be passed', () => {
  test('everything says so in words', () => {
    const expected = expect.objectContaining({ code: 'ENOTSUP' })
    expect(() => connectAncillary('./x')).toThrow(expected)
    expect(() => listenAncillary('./x')).toThrow(expected)
    expect(() => AncillarySocket.from(3)).toThrow(expected)
  })
})

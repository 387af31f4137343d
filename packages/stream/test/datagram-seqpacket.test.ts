import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  codeOf,
  codeOfCall,
  errorOf,
  expectNoLeak,
  needs,
  socketPath,
  spawnProgram,
  spawnScript,
} from '@uds/testkit'
import { connectSeqpacket, listenSeqpacket, SeqpacketListener, SeqpacketSocket } from '@uds/stream/datagram'
import { capabilities, sockets, UnixAddress } from '@uds/winsock-ffi'

const python = needs('python3')
const can = capabilities()

const listening = (path: string, onConnection: (socket: SeqpacketSocket) => void): SeqpacketListener => {
  const listener = listenSeqpacket(path)
  listener.on('connection', onConnection)
  onTestFinished(() => listener.close())
  return listener
}

const connected = (path: string): SeqpacketSocket => {
  const socket = connectSeqpacket(path)
  onTestFinished(() => socket.close())
  return socket
}

const echo = async (socket: SeqpacketSocket): Promise<void> => {
  for await (const { data } of socket) await socket.send(data)
  socket.close()
}

describe.skipIf(!can.seqpacket)('seqpacket', () => {
  test('packets keep their borders, in both directions', async () => {
    const path = socketPath()
    listening(path, (socket) => void echo(socket))
    const client = connected(path)
    await client.send('one')
    await client.send('two')
    await client.send(Buffer.alloc(50_000, 'x'))
    const got: number[] = []
    for await (const { data } of client) if (got.push(data.length) === 3) break
    expect(got).toEqual([3, 3, 50_000])
  })

  test('close of the client is the end of the iterator at the server', async () => {
    const path = socketPath()
    const ended = Promise.withResolvers<string[]>()
    listening(path, async (socket) => {
      const all: string[] = []
      for await (const { data } of socket) all.push(String(data))
      ended.resolve(all)
    })
    const client = connected(path)
    await client.send('last words')
    client.close()
    expect(await ended.promise).toEqual(['last words'])
  })

  test('both ends know the process at the other', async () => {
    const path = socketPath()
    const accepted = Promise.withResolvers<SeqpacketSocket>()
    listening(path, accepted.resolve)
    const client = connected(path)
    const server = await accepted.promise
    expect(server.peerCredentials).toMatchObject({ pid: process.pid, uid: process.getuid?.() })
    expect(client.peerCredentials).toMatchObject({ pid: process.pid })
    server.close()
  })

  test('an empty packet is refused, because it would mean the end', async () => {
    const path = socketPath()
    listening(path, (socket) => void echo(socket))
    await expect(connected(path).send('')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })

  test('a sender waits while its peer does not read', async () => {
    const path = socketPath()
    const accepted = Promise.withResolvers<SeqpacketSocket>()
    listening(path, accepted.resolve)
    const client = connected(path)
    const server = await accepted.promise
    onTestFinished(() => server.close())
    const sends = Array.from({ length: 200 }, () => client.send(Buffer.alloc(10_000)))
    expect(client.unsent).toBeGreaterThan(0)
    let received = 0
    for await (const { data } of server) if ((received += data.length) === 2_000_000) break
    await Promise.all(sends)
    expect(client.unsent).toBe(0)
  })

  test('a peer that is gone is EPIPE or ECONNRESET', async () => {
    const path = socketPath()
    const accepted = Promise.withResolvers<SeqpacketSocket>()
    listening(path, accepted.resolve)
    const client = connected(path)
    const server = await accepted.promise
    server.close()
    await once(server, 'close')
    await expect(client.send('x')).rejects.toMatchObject({
      code: expect.stringMatching(/EPIPE|ECONNRESET/),
    })
  })

  test('close of the listener removes the file; a stream socket is EPROTOTYPE', () => {
    const path = socketPath()
    const listener = listening(path, () => {})
    const stream = sockets.open('unix', 'stream')
    onTestFinished(() => stream.close())
    expect(() => listenSeqpacket(path)).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    listener.close()
    listener.close()
    expect(existsSync(path)).toBe(false)
    expect(() => connectSeqpacket(path)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })

  test('what had arrived before the peer broke the connection is received, and the error comes after it', async () => {
    const path = socketPath()
    const accepted = Promise.withResolvers<SeqpacketSocket>()
    listening(path, accepted.resolve)
    const client = connected(path)
    const server = await accepted.promise
    await client.send('one')
    await client.send('two')
    await server.send('never read')
    client.close()
    const found: string[] = []
    const receiving = (async () => {
      for await (const { data } of server) found.push(String(data))
    })()
    expect(await codeOf(receiving)).toBe('ECONNRESET')
    expect(found).toEqual(['one', 'two'])
    expect(server.closed).toBe(true)
  })

  test('a connection that no listener takes is closed', async () => {
    const path = socketPath()
    const listener = listenSeqpacket(path)
    onTestFinished(() => listener.close())
    const client = connected(path)
    const packets: string[] = []
    for await (const { data } of client) packets.push(String(data))
    expect(packets).toEqual([])
  })

  test('the socket file of a process that was killed is replaced, and that of a live one is not', async () => {
    const path = socketPath()
    const killed = spawnScript(new URL('./fixtures/seqpacket-listener.ts', import.meta.url), [path])
    await killed.waitForLine(/listening/)
    expect(codeOfCall(() => listenSeqpacket(path))).toBe('EADDRINUSE')
    await killed.kill('SIGKILL')
    expect(codeOfCall(() => listenSeqpacket(path, { removeStale: false }))).toBe('EADDRINUSE')
    listening(path, (socket) => void echo(socket))
    const client = connected(path)
    await client.send('to the successor')
    for await (const { data } of client) {
      expect(String(data)).toBe('to the successor')
      break
    }
  })

  test('descriptors travel with a packet', async () => {
    const [left, right] = sockets.pair('seqpacket')
    const [a, b] = [SeqpacketSocket.from(left), SeqpacketSocket.from(right)]
    onTestFinished(() => {
      a.close()
      b.close()
    })
    await a.send('none')
    await a.send('one', { descriptors: [process.stdin.fd] })
    const counts: number[] = []
    for await (const packet of b) {
      counts.push(packet.descriptors.length)
      for (const each of packet.descriptors) each.close()
      if (counts.length === 2) break
    }
    expect(counts).toEqual([0, 1])
  })

  test('a socket of another process is taken over by its number or its handle; another kind is refused in words', async () => {
    const [left, right] = sockets.pair('seqpacket')
    const a = SeqpacketSocket.from(left.release())
    const b = SeqpacketSocket.from(right)
    await a.send('hello')
    for await (const { data } of b) {
      expect(String(data)).toBe('hello')
      break
    }
    a.close()
    b.close()
    const [stream, other] = sockets.pair('stream')
    const refusal = errorOf(() => SeqpacketSocket.from(stream))
    expect(refusal).toMatchObject({
      code: 'EPROTOTYPE',
      message: expect.stringContaining(`connect('fd:${stream.fd}')`) as string,
    })
    expect(codeOfCall(() => SeqpacketListener.from(stream))).toBe('EPROTOTYPE')
    expect(stream.closed).toBe(false)
    stream.close()
    other.close()
  })

  test('a listening socket of another process is taken over, and its file stays', async () => {
    const path = socketPath()
    const handle = sockets.open('unix', 'seqpacket')
    sockets.bind(handle, UnixAddress.path(path))
    sockets.listen(handle, 5)
    const listener = SeqpacketListener.from({ fd: handle.release() })
    listener.on('connection', (socket) => void echo(socket))
    expect(listener.address.pathname).toBe(path)
    const client = connected(path)
    await client.send('x')
    for await (const { data } of client) {
      expect(String(data)).toBe('x')
      break
    }
    listener.close()
    expect(existsSync(path)).toBe(true)
  })

  test('it cannot be made by hand', () => {
    const handle = sockets.open('unix', 'seqpacket')
    onTestFinished(() => handle.close())
    expect(() => new SeqpacketSocket(handle)).toThrow(expect.objectContaining({ code: 'ENOTCONN' }))
  })

  test('connecting and closing leaves no handle behind', async () => {
    const path = socketPath()
    listening(path, (socket) => void echo(socket))
    await expectNoLeak(
      async () => {
        const client = connectSeqpacket(path)
        await client.send('x')
        await once(client, 'message')
        client.close()
        await new Promise((resolve) => setImmediate(resolve))
      },
      { times: 40 },
    )
  })

  test.skipIf(python.missing)('Python connects', async () => {
    const path = socketPath()
    listening(path, (socket) => void echo(socket))
    const program = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.send(b'one'); s.send(b'two')
print(s.recv(100), s.recv(100))`
    const peer = spawnProgram(python.path, ['-c', program, path])
    expect(await peer.exit).toEqual({ code: 0, signal: null })
    expect(peer.stdout()).toBe("b'one' b'two'\n")
  })
})

describe.skipIf(can.seqpacket)('where the system has no AF_UNIX seqpacket sockets', () => {
  test('connect and listen say so', () => {
    expect(() => connectSeqpacket('./x')).toThrow(expect.objectContaining({ name: 'SocketError' }))
    expect(() => listenSeqpacket('./x')).toThrow(expect.objectContaining({ name: 'SocketError' }))
  })
})

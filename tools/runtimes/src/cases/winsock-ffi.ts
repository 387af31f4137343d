import { closeSync, openSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import {
  adopt,
  capabilities,
  InetAddress,
  sockets,
  UnixAddress,
  watch,
  type SocketError,
  type SocketHandle,
  type WatchStrategy,
} from '@uds/winsock-ffi'
import { first, same, until, type Case, type Cases } from './case.ts'

const watched =
  (strategy?: WatchStrategy): Case =>
  ({ owned }) =>
    new Promise<void>((resolve, reject) => {
      const [a, b] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
      const watcher = watch(
        a,
        { readable: true },
        (error) => {
          watcher.close()
          if (error) reject(error)
          else resolve()
        },
        strategy === undefined ? {} : { strategy },
      )
      sockets.send(b, Buffer.from('x'))
    })

export const winsockFfi: Cases = {
  capabilities: () => {
    const { runtime } = capabilities()
    same(runtime.version, process.versions[runtime.name])
  },
  'pair, send, recv': ({ owned }) => {
    const [a, b] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    sockets.send(a, Buffer.from('ping'))
    same(sockets.recv(b, Buffer.alloc(8)), 4)
  },
  errno: ({ owned }) => {
    try {
      sockets.connect(owned(sockets.open('unix')), UnixAddress.path('/no/such/socket'))
    } catch (error) {
      same((error as SocketError).code, 'ENOENT')
      return
    }
    throw new Error('it connected')
  },
  'recv with a timeout': ({ owned }) => {
    const [a] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    try {
      sockets.recv(a, Buffer.alloc(1), { timeoutMs: 10 })
    } catch (error) {
      same((error as SocketError).code, 'ETIMEDOUT')
      return
    }
    throw new Error('it received')
  },
  'sendMessage with a descriptor': ({ owned }) => {
    const [a, b] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    const file = openSync(process.execPath, 'r')
    sockets.sendMessage(a, { data: Buffer.from('x'), descriptors: [file] })
    closeSync(file)
    const { descriptors } = sockets.receiveMessage(b, Buffer.alloc(8), { maxDescriptors: 4 })
    same(descriptors.length, 1)
    for (const each of descriptors) each.close()
  },
  '200 descriptors in a message': ({ owned }) => {
    const [a, b] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    const file = openSync(process.execPath, 'r')
    sockets.sendMessage(a, { data: Buffer.from('x'), descriptors: Array<number>(200).fill(file) })
    closeSync(file)
    const { descriptors } = sockets.receiveMessage(b, Buffer.alloc(8), { maxDescriptors: 253 })
    same(new Set(descriptors.map(({ fd }) => fd)).size, 200)
    for (const each of descriptors) each.close()
  },
  'seqpacket at an abstract name': ({ owned }) => {
    const at = UnixAddress.abstract(`uds-runtimes-${process.pid}`)
    const listener = owned(sockets.open('unix', 'seqpacket'))
    sockets.bind(listener, at)
    sockets.listen(listener)
    const client = owned(sockets.open('unix', 'seqpacket'))
    sockets.connect(client, at)
    const server = owned(sockets.accept(listener))
    sockets.send(client, Buffer.from('one'))
    sockets.send(client, Buffer.from('two'))
    same(sockets.recv(server, Buffer.alloc(8)), 3)
  },
  'a call that would wait is EAGAIN': ({ owned }) => {
    const [a] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    sockets.setNonblocking(a, true)
    try {
      sockets.recv(a, Buffer.alloc(1))
    } catch (error) {
      same((error as SocketError).code, 'EAGAIN')
      return
    }
    throw new Error('it received')
  },
  'peer credentials': ({ owned }) => {
    const [a] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    same(sockets.peerCredentials(a).pid, process.pid)
  },
  'TCP connect with a timeout': async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await first(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = sockets.open('inet')
    sockets.connect(client, new InetAddress('127.0.0.1', port), { timeoutMs: 2000 })
    client.close()
    server.close()
  },
  'watch, as it chooses': watched(),
  'watch, worker': watched('worker'),
  'watch, interval': watched('interval'),
  'watch, poll handle': watched('poll-handle'),
  'adopt with onread': async ({ owned }) => {
    const [near, far] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    const pieces: string[] = []
    const socket = adopt(near, {
      onread: {
        // Asked again after each read, when undefined stands for the same one.
        buffer: () => (pieces.length === 0 ? Buffer.alloc(4) : undefined) as Buffer,
        callback: (size, into) => {
          pieces.push(Buffer.from(into).toString('utf8', 0, size))
          // After a false the rest waits for resume().
          return pieces.length !== 1
        },
      },
    })
    sockets.send(far, Buffer.from('abcdef'))
    await until(() => pieces.length === 1)
    const ended = first(socket, 'close')
    socket.resume()
    await until(() => pieces.join('') === 'abcdef')
    far.close()
    await ended
    same(pieces, ['abcd', 'ef'])
  },
  adopt: async ({ owned }) => {
    const [near, far] = sockets.pair().map(owned) as [SocketHandle, SocketHandle]
    const socket = adopt(near)
    sockets.send(far, Buffer.from('ping'))
    same(String(await first(socket, 'data')), 'ping')
    await new Promise((resolve) => socket.write('pong', resolve))
    same(sockets.recv(far, Buffer.alloc(8), { timeoutMs: 2000 }), 4)
    socket.destroy()
  },
}

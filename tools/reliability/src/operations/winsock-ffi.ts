/** @uds/winsock-ffi under faults. */
import { closeSync, openSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { adopt, sockets, UnixAddress, watch, type SocketHandle } from '@uds/winsock-ffi'
import { same, type Operations, type Place } from './operation.ts'

const pairOf = ({ own }: Place): [SocketHandle, SocketHandle] => {
  const [a, b] = sockets.pair()
  return [own(a), own(b)]
}

const receiveAll = (from: SocketHandle, length: number): string => {
  const buffer = Buffer.alloc(length)
  let got = 0
  while (got < length) {
    const size = sockets.recv(from, buffer.subarray(got), { timeoutMs: 1000 })
    if (size === 0) break
    got += size
  }
  return buffer.toString('utf8', 0, got)
}

const sendAll = (to: SocketHandle, text: string): void => {
  const bytes = Buffer.from(text)
  for (let sent = 0; sent < bytes.length;) sent += sockets.send(to, bytes.subarray(sent), { timeoutMs: 1000 })
}

export const winsockFfi: Operations = {
  'a pair, both ways': (place) => {
    const [a, b] = pairOf(place)
    sendAll(a, 'ping')
    same(receiveAll(b, 4), 'ping')
    sendAll(b, 'pong')
    same(receiveAll(a, 4), 'pong')
    sockets.shutdown(a, 'write')
    same(sockets.recv(b, Buffer.alloc(1), { timeoutMs: 1000 }), 0)
  },
  'listen, connect, accept': ({ path, own }) => {
    own({ close: () => rmSync(path('s'), { force: true }) })
    const listener = own(sockets.open('unix'))
    sockets.bind(listener, UnixAddress.path(path('s')))
    sockets.listen(listener)
    const client = own(sockets.open('unix'))
    sockets.connect(client, UnixAddress.path(path('s')), { timeoutMs: 1000 })
    const server = own(sockets.accept(listener, { timeoutMs: 1000 }))
    sendAll(client, 'ping')
    same(receiveAll(server, 4), 'ping')
  },
  datagrams: ({ path, own }) => {
    own({ close: () => rmSync(path('d'), { force: true }) })
    const server = own(sockets.open('unix', 'datagram'))
    sockets.bind(server, UnixAddress.path(path('d')))
    const client = own(sockets.open('unix', 'datagram'))
    sockets.send(client, Buffer.from('ping'), { to: UnixAddress.path(path('d')), timeoutMs: 1000 })
    same(sockets.receiveMessage(server, Buffer.alloc(8), { timeoutMs: 1000 }).bytes, 4)
  },
  'a message with a descriptor': (place) => {
    const [a, b] = pairOf(place)
    const file = openSync(process.execPath, 'r')
    try {
      sockets.sendMessage(a, { data: Buffer.from('x'), descriptors: [file] }, { timeoutMs: 1000 })
    } finally {
      closeSync(file)
    }
    const { descriptors } = sockets.receiveMessage(b, Buffer.alloc(8), { maxDescriptors: 4, timeoutMs: 1000 })
    for (const each of descriptors) each.close()
    same(descriptors.length, 1)
  },
  'options and names': (place) => {
    const [a] = pairOf(place)
    sockets.setOption(a, 'SO_SNDBUF', 8192)
    if (sockets.getOption(a, 'SO_SNDBUF') < 8192) throw new Error('the option was not set')
    sockets.setNonblocking(a, true)
    sockets.localAddress(a)
    sockets.peerAddress(a)
    same(sockets.peerCredentials(a).pid, process.pid)
  },
  'watched until readable': async (place) => {
    const [a, b] = pairOf(place)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const watcher = place.own(
      watch(a, { readable: true }, (error) => {
        if (error) reject(error)
        else resolve()
      }),
    )
    sockets.send(b, Buffer.from('x'))
    await promise
    watcher.close()
  },
  'adopted by the loop': async (place) => {
    const [near, far] = pairOf(place)
    const socket = place.destroyed(adopt(near))
    socket.on('error', () => {})
    sendAll(far, 'ping')
    const [data] = (await once(socket, 'data')) as [Buffer]
    same(String(data), 'ping')
  },
}

/** @uds/stream under faults. */
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { connect, listen, peerCredentials } from '@uds/stream'
import type { Listener } from '@uds/stream'
import type { Duplex } from 'node:stream'
import { connectSeqpacket, listenSeqpacket, UnixDatagramSocket } from '@uds/stream/datagram'
import { AncillarySocket, HandleChannel } from '@uds/stream/handles'
import { sockets } from '@uds/winsock-ffi'
import { same, type Operations, type Place } from './operation.ts'

/** Ends a wait; an error has a code. */
const soon = (): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(2000) })

const serving = async (
  { path, own }: Place,
  options: Parameters<typeof listen>[1] = {},
): Promise<Listener> => {
  const listener = await listen(`unix:${path('s')}`, options)
  own({ close: () => listener.close({ graceMs: 0 }) })
  listener.on('connectionError', () => {})
  listener.on('connection', (connection: Duplex) => {
    connection.on('error', () => {})
    connection.end('hello')
  })
  return listener
}

const read = async ({ destroyed }: Place, address: string): Promise<string> => {
  const connection = destroyed(await connect(address, { timeoutMs: 2000 }))
  connection.on('error', () => {})
  return text(connection)
}

export const stream: Operations = {
  'listen, connect, read': async (place) => {
    const listener = await serving(place)
    same(await read(place, listener.address), 'hello')
  },
  'mode and the same user': async (place) => {
    const listener = await serving(place, { mode: 0o600, authorize: 'sameUser' })
    const got = await read(place, listener.address)
    // Who cannot be asked about is not let in.
    if (got === '') throw Object.assign(new Error('refused'), { code: 'REFUSED' })
    same(got, 'hello')
  },
  'in the place of a server that is alive': async (place) => {
    await serving(place)
    const next = await serving(place, { takeOver: true })
    same(await read(place, next.address), 'hello')
  },
  'who is there': async (place) => {
    const listener = await serving(place)
    const connection = place.destroyed(await connect(listener.address))
    connection.on('error', () => {})
    same(peerCredentials(connection).pid, process.pid)
  },
  'a passed listener': async (place) => {
    const [near, far] = sockets.pair()
    place.own(far)
    const descriptor = near.release()
    const connection = place.destroyed(
      await connect(`fd:${descriptor}`).catch((error: unknown) => {
        closeSync(descriptor)
        throw error
      }),
    )
    connection.on('error', () => {})
    sockets.send(far, Buffer.from('p'))
    const [data] = (await once(connection, 'data')) as [Buffer]
    same(String(data), 'p')
  },
  'datagrams in the loop': async ({ path, own }) => {
    const server = own(UnixDatagramSocket.bind(`unix:${path('d')}`))
    server.on('error', () => {})
    const client = own(new UnixDatagramSocket())
    client.on('error', () => {})
    const received = once(server, 'message', soon())
    received.catch(() => {})
    await client.send(Buffer.from('ping'), { to: `unix:${path('d')}`, ...soon() })
    same(((await received) as [Buffer])[0].length, 4)
  },
  seqpacket: async ({ path, own }) => {
    const listener = own(listenSeqpacket(`unix:${path('q')}`))
    listener.on('error', () => {})
    const accepted = once(listener, 'connection', soon())
    accepted.catch(() => {})
    const client = own(connectSeqpacket(`unix:${path('q')}`))
    client.on('error', () => {})
    const [server] = (await accepted) as [typeof client]
    own(server).on('error', () => {})
    const received = once(server, 'message', soon())
    received.catch(() => {})
    await client.send(Buffer.from('ping'), soon())
    same(((await received) as [Buffer])[0].length, 4)
  },
  'a handle with a message': async ({ own }) => {
    const [a, b] = HandleChannel.pair()
    own(a)
    own(b)
    const file = openSync(process.execPath, 'r')
    const received = b.receiveHandle(soon())
    received.catch(() => {})
    try {
      await a.sendHandle(file, 'the file')
    } finally {
      closeSync(file)
    }
    const { handle, message } = await received
    handle?.close()
    same(String(message), 'the file')
  },
  'a descriptor in its place among bytes': async ({ own }) => {
    const [near, far] = sockets.pair()
    // A handle that from() refuses stays with the caller.
    for (const each of [near, far]) own(each)
    const ends = [near, far].map((each) => own(AncillarySocket.from(each)))
    const [a, b] = ends as [AncillarySocket, AncillarySocket]
    const file = openSync(process.execPath, 'r')
    try {
      await a.send(Buffer.from('x'), { descriptors: [file] })
    } finally {
      closeSync(file)
    }
    for await (const { descriptors } of b) {
      for (const each of descriptors) each.close()
      same(descriptors.length, 1)
      break
    }
  },
}

import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { LocalListener, LocalStream, UnixDatagram, UnixStream } from '@uds/pipes'
import { PATIENCE_MS, same, type Cases } from './case.ts'

const echoAt = (address: string): void => {
  const listener = LocalListener.bind(address)
  const client = LocalStream.connect(address)
  const server = listener.accept()
  client.writeAll(Buffer.from('ping'))
  same(server.read(Buffer.alloc(8)), 4)
  for (const each of [client, server, listener]) each.close()
}

export const pipes: Cases = {
  'stream at a path': ({ path }) => echoAt(`unix:${path('s')}`),
  'stream at a name': () => echoAt(`name:uds-runtimes-${process.pid}`),
  'stream with a timeout': ({ owned }) => {
    const [a, b] = UnixStream.pair()
    owned(a)
    owned(b)
    a.setReadTimeout(10)
    try {
      a.read(Buffer.alloc(1))
    } catch (error) {
      same((error as { code: string }).code, 'ETIMEDOUT')
      return
    }
    throw new Error('it read')
  },
  'descriptors over a stream': ({ owned }) => {
    const [a, b] = UnixStream.pair()
    owned(a)
    owned(b)
    const file = openSync(process.execPath, 'r')
    a.sendDescriptors(Buffer.from('x'), [file])
    closeSync(file)
    const { descriptors } = b.receiveDescriptors(Buffer.alloc(8))
    same(descriptors.length, 1)
    for (const each of descriptors) each.close()
  },
  'a stream in a thread': async ({ owned }) => {
    const [a, b] = UnixStream.pair()
    owned(a)
    const file = new URL('./echo-thread.ts', import.meta.url)
    const worker = new Worker(file, { workerData: b.transfer() })
    a.setReadTimeout(PATIENCE_MS)
    a.writeAll(Buffer.from('ping'))
    same(a.read(Buffer.alloc(8)), 4)
    a.shutdown('write')
    await once(worker, 'exit')
  },
  'datagram with an address': ({ path }) => {
    const server = UnixDatagram.bind(path('d'))
    const client = UnixDatagram.unbound()
    client.sendTo(Buffer.from('ping'), path('d'))
    same(server.recv(Buffer.alloc(8)), 4)
    client.close()
    server.close()
  },
}

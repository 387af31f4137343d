/** @uds/pipes under faults. */
import { closeSync, openSync, rmSync } from 'node:fs'
import { UnixDatagram, UnixListener, UnixStream } from '@uds/pipes'
import { same, type Operations } from './operation.ts'

const WAIT = { timeoutMs: 1000 }

export const pipes: Operations = {
  'bind, connect, accept, a line': ({ path, own }) => {
    const listener = own(UnixListener.bind(path('s')))
    const client = own(UnixStream.connectWithTimeout(path('s'), 1000))
    const server = own(listener.accept(WAIT))
    client.writeAll(Buffer.from('ping\n'), WAIT)
    same(server.readExact(5, WAIT).length, 5)
    client.shutdown('write')
    same(server.read(Buffer.alloc(1), WAIT), 0)
  },
  'with a mode, in the place of a dead server': ({ path, own }) => {
    own({ close: () => rmSync(path('s'), { force: true }) })
    UnixListener.bind(path('s'), { unlinkOnClose: false }).close()
    own(UnixListener.bind(path('s'), { mode: 0o600 }))
  },
  'a pair, vectors, a clone': ({ own }) => {
    const [a, b] = UnixStream.pair()
    own(a)
    own(b)
    const clone = own(a.tryClone())
    a.setReadTimeout(1000)
    clone.writeAll(Buffer.concat([Buffer.from('pi'), Buffer.from('ng')]), WAIT)
    same(String(b.readExact(4, WAIT)), 'ping')
    same(b.peerCredentials().pid, process.pid)
  },
  descriptors: ({ own }) => {
    const [a, b] = UnixStream.pair()
    own(a)
    own(b)
    const file = openSync(process.execPath, 'r')
    try {
      a.sendDescriptors(Buffer.from('x'), [file], WAIT)
    } finally {
      closeSync(file)
    }
    const { bytes, descriptors } = b.receiveDescriptors(Buffer.alloc(8), 4, WAIT)
    for (const each of descriptors) each.close()
    // A reset is read as the end, as UnixStream does it.
    if (bytes === 0) throw Object.assign(new Error('the end'), { code: 'END' })
    same(descriptors.length, 1)
  },
  datagrams: ({ path, own }) => {
    const server = own(UnixDatagram.bind(path('d')))
    const client = own(UnixDatagram.unbound())
    client.sendTo(Buffer.from('ping'), path('d'), WAIT)
    same(server.recv(Buffer.alloc(8), WAIT), 4)
  },
}

import assert from 'node:assert/strict'
import { InetAddress, sockets } from '@uds/winsock-ffi'

export const echo = () => {
  const hello = Buffer.from('hello')
  const listener = sockets.open('inet')
  sockets.bind(listener, new InetAddress('127.0.0.1', 0))
  sockets.listen(listener)
  const client = sockets.open('inet')
  sockets.connect(client, sockets.localAddress(listener))
  const server = sockets.accept(listener, { timeoutMs: 5000 })
  sockets.send(client, hello)
  const buffer = Buffer.alloc(5)
  assert.equal(sockets.recv(server, buffer, { timeoutMs: 5000 }), 5)
  assert.deepEqual(buffer, hello)
  for (const each of [client, server, listener]) each.close()
}

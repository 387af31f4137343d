/** The shortest whole program of this layer: one process, two ends. */
import { sockets } from '@uds/winsock-ffi'

const [a, b] = sockets.pair()
sockets.send(a, Buffer.from('hello'))

const buffer = Buffer.alloc(64)
const n = sockets.recv(b, buffer, { timeoutMs: 1000 })
console.log(buffer.toString('utf8', 0, n))

a.close()
console.log(sockets.recv(b, buffer)) // 0: the end of the stream
b.close()

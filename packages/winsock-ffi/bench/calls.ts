/** What one call costs: the bare koffi function, the row, the neutral call. Nanoseconds. */
import { bench, do_not_optimize, group, run } from 'mitata'
import { libc, libcLibrary, sockets } from '@uds/winsock-ffi'

const [a, b] = sockets.pair()
const buffer = Buffer.alloc(64)
const send = libcLibrary.symbol('send', 'intptr_t', ['int32_t', 'void *', 'size_t', 'int32_t'])
const recv = libcLibrary.symbol('recv', 'intptr_t', ['int32_t', 'void *', 'size_t', 'int32_t'])

group('64 bytes through a socketpair and back out: send and recv', () => {
  bench('koffi alone', () => {
    send(a.fd, buffer, 64, 0)
    do_not_optimize(recv(b.fd, buffer, 64, 0))
  })
  bench('rows: libc.send, libc.recv', () => {
    libc.send(a.fd, buffer, 64, 0)
    do_not_optimize(libc.recv(b.fd, buffer, 64, 0))
  })
  bench('sockets.send, sockets.recv', () => {
    sockets.send(a, buffer)
    do_not_optimize(sockets.recv(b, buffer))
  })
  bench('sockets, with timeoutMs', () => {
    sockets.send(a, buffer, { timeoutMs: 1000 })
    do_not_optimize(sockets.recv(b, buffer, { timeoutMs: 1000 }))
  })
})

await run({ colors: false })
a.close()
b.close()

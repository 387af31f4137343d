// Datagrams from one end of a pair to the other, in one process: what the calls cost. The variant: `UnixDatagram`, `batch` (8
// in each call), `try` (trySend and tryRecv of @uds/winsock-ffi), `koffi` (send and recv, bound by koffi alone).
import type * as Ffi from '@uds/winsock-ffi'
import type * as Pipes from '@uds/pipes'
import { bytesOf, checker, job, load, ready, result } from './subject.ts'

const { count, size, variant } = job()
const data = bytesOf(size)
const buffer = Buffer.allocUnsafeSlow(size)
const check = checker(size)
const ffi = (await load('winsock-ffi')) as typeof Ffi

const BATCH = 8
/** MSG_NOSIGNAL of Linux. */
const NO_SIGNAL = 0x4000

const pairOf = async (): Promise<() => void> => {
  if (variant === 'UnixDatagram' || variant === 'batch') {
    const { UnixDatagram, DatagramBatch } = (await load('pipes')) as typeof Pipes
    const [a, b] = UnixDatagram.pair()
    if (variant === 'UnixDatagram') {
      return () => {
        a.send(data)
        b.recv(buffer)
      }
    }
    const out = new DatagramBatch({ messages: BATCH, bytes: size })
    const into = new DatagramBatch({ messages: BATCH, bytes: size })
    return () => {
      out.clear()
      while (out.push(data));
      a.sendMany(out)
      for (let got = 0; got < BATCH;) got += b.recvMany(into)
      buffer.set(into.at(0))
    }
  }
  const [a, b] = ffi.sockets.pair('datagram')
  if (variant === 'try') {
    return () => {
      ffi.sockets.trySend(a, data)
      ffi.sockets.tryRecv(b, buffer)
    }
  }
  const lib = ffi.loadKoffi().load(null)
  const types = ['int32_t', 'void *', 'size_t', 'int32_t']
  const send = lib.func('send', 'intptr_t', types)
  const recv = lib.func('recv', 'intptr_t', types)
  return () => {
    send(a.fd, data, size, NO_SIGNAL)
    recv(b.fd, buffer, size, 0)
  }
}

const once = await pairOf()
const times = variant === 'batch' ? count / BATCH : count
for (let at = 0; at < times / 5; at++) once()
ready()
const startedAt = performance.now()
for (let at = 0; at < times; at++) {
  once()
  check(buffer)
}
result(count, startedAt)
setInterval(() => {}, 1000)

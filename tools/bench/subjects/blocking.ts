// The blocking layers. The variant: `pipes`, `pipes-timeout` (a read timeout is set), `pipes-shared` (bytes go through shared memory), `ffi` (sockets of
// @uds/winsock-ffi).
import type * as Ffi from '@uds/winsock-ffi'
import type * as Pipes from '@uds/pipes'
import { arrivals, bytesOf, job, load, ready, result, streamChecker } from './subject.ts'

const { role, address, work, count, size, variant } = job()
const payload = bytesOf(size)

/** What both layers have. */
interface Blocking {
  read(buffer: Uint8Array): number
  write(data: Uint8Array): number
}

const prepared = (stream: Pipes.UnixStream): Blocking => {
  if (variant === 'pipes-timeout') stream.setReadTimeout(10_000)
  return stream
}

const pipes = async (): Promise<Blocking> => {
  const { UnixListener, UnixStream } = (await load('pipes')) as typeof Pipes
  if (role === 'client') return prepared(UnixStream.connect(address))
  const listener = UnixListener.bind(address)
  ready()
  return prepared(listener.accept())
}

const ffi = async (): Promise<Blocking> => {
  const { sockets, UnixAddress } = (await load('winsock-ffi')) as typeof Ffi
  const at = UnixAddress.path(address)
  const socket = sockets.open('unix', 'stream')
  const over = (handle: Ffi.SocketHandle): Blocking => ({
    read: (buffer) => sockets.recv(handle, buffer),
    write: (data) => sockets.send(handle, data),
  })
  if (role === 'client') {
    sockets.connect(socket, at)
    return over(socket)
  }
  sockets.bind(socket, at)
  sockets.listen(socket)
  ready()
  return over(sockets.accept(socket))
}

const stream = variant === 'ffi' ? await ffi() : await pipes()
const buffer = Buffer.allocUnsafeSlow(Math.max(size, 65_536))

/** Reads one message whole. */
const readWhole = (): boolean => {
  let got = 0
  while (got < size) {
    const bytes = stream.read(got === 0 ? buffer : buffer.subarray(got))
    if (bytes === 0) return false
    got += bytes
  }
  return true
}
const writeWhole = (): void => {
  let sent = stream.write(payload)
  while (sent < size) sent += stream.write(payload.subarray(sent))
}

const sleeper = new Int32Array(new SharedArrayBuffer(4))
/** Ends only when it is killed; its time on the processor is read meanwhile. */
const stay = (): never => {
  for (;;) Atomics.wait(sleeper, 0, 0)
}

if (role === 'server') {
  if (work === 'one-way') {
    const whole = streamChecker(size)
    const arrived = arrivals(count)
    for (;;) {
      const bytes = stream.read(buffer)
      if (bytes === 0) break
      const messages = whole(buffer.subarray(0, bytes))
      if (messages > 0) arrived(messages)
    }
  } else while (readWhole()) stream.write(buffer.subarray(0, size))
  stay()
}
if (work === 'one-way') {
  ready()
  for (let at = 0; at < count; at++) writeWhole()
  stay()
}
const trip = (): void => {
  writeWhole()
  readWhole()
}
for (let at = Math.min(count / 5, 20_000); at > 0; at--) trip()
const whole = streamChecker(size)
if (whole(buffer.subarray(0, size)) !== 1) throw new Error('the echo is not a whole message')
ready()
const startedAt = performance.now()
for (let at = 0; at < count; at++) trip()
result(count, startedAt)
stay()

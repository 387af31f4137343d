/** Connected sockets for the tests, over each family that this machine has. */
import { capabilities, InetAddress, sockets, UnixAddress, type SocketHandle } from '@uds/winsock-ffi'
import { socketPath } from '@uds/testkit'
import { onTestFinished } from 'vitest'

/** AF_UNIX where there is one; AF_INET everywhere, so that every line runs on a Wine without AF_UNIX too. */
export const families: readonly ('unix' | 'inet' | 'inet6')[] = [
  ...(capabilities().afUnix ? (['unix'] as const) : []),
  'inet',
]

/** Closes it when the test ends, however it ends. */
export const owned = <T extends { close(): void }>(handle: T): T => {
  onTestFinished(() => handle.close())
  return handle
}

export const listening = (family: 'unix' | 'inet' | 'inet6', backlog?: number): SocketHandle => {
  const listener = owned(sockets.open(family))
  const loopback = family === 'inet6' ? '::1' : '127.0.0.1'
  sockets.bind(listener, family === 'unix' ? UnixAddress.path(socketPath()) : new InetAddress(loopback, 0))
  sockets.listen(listener, backlog)
  return listener
}

/** The two ends of a connection: the one that connected, the one that was accepted. */
export const connected = (family: 'unix' | 'inet' | 'inet6'): [SocketHandle, SocketHandle] => {
  const listener = listening(family)
  const client = owned(sockets.open(family))
  sockets.connect(client, sockets.localAddress(listener))
  return [client, owned(sockets.accept(listener, { timeoutMs: 5000 }))]
}

/** Reads until the end, or until `length` bytes are there. */
export const receive = (handle: SocketHandle, length = Infinity): Buffer => {
  const chunks: Buffer[] = []
  let total = 0
  while (total < length) {
    const chunk = Buffer.alloc(Math.min(65_536, length - total))
    const got = sockets.recv(handle, chunk, { timeoutMs: 5000 })
    if (got === 0) break
    chunks.push(chunk.subarray(0, got))
    total += got
  }
  return Buffer.concat(chunks)
}

/** Sends all of it. */
export const sendAll = (handle: SocketHandle, data: Uint8Array): void => {
  for (let sent = 0; sent < data.length;)
    sent += sockets.send(handle, data.subarray(sent), { timeoutMs: 5000 })
}

/**
 * Echoes what its clients send, one client after the other, until it is stopped.
 * Usage: node src/server.ts [unix:PATH | tcp:HOST:PORT]
 */
import { setImmediate as turn } from 'node:timers/promises'
// #region server
import { removeSocketFile, SocketError, sockets, UnixAddress, type SocketHandle } from '@uds/winsock-ffi'
// #endregion
import { parseAddress } from './address.ts'

const address = parseAddress(process.argv[2] ?? 'unix:./echo.sock')

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())

// #region server
const listener = sockets.open(address.family)
sockets.bind(listener, address)
sockets.listen(listener)
console.log(`listening on ${sockets.localAddress(listener)}`)

const echo = (client: SocketHandle): void => {
  const buffer = Buffer.alloc(65_536)
  for (let n; (n = sockets.recv(client, buffer)) > 0;) {
    for (let sent = 0; sent < n;) sent += sockets.send(client, buffer.subarray(sent, n))
  }
}
// #endregion

while (!stop.signal.aborted) {
  try {
    // A blocked thread hears no signal, so it looks up four times a second.
    const client = sockets.accept(listener, { timeoutMs: 250 })
    try {
      echo(client)
    } finally {
      client.close()
    }
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
    // A client that breaks off is no reason to stop serving the others.
    if (error.code !== 'ETIMEDOUT') console.error(error.message)
  }
  await turn()
}

listener.close()
if (address instanceof UnixAddress && address.pathname) removeSocketFile(address.pathname)

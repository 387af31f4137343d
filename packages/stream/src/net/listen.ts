import type net from 'node:net'
import { adopt, UnixAddress, type AdoptOptions, type SocketHandle } from '@uds/winsock-ffi'
import { startAcceptLoop, type AcceptLoop } from '../listener/accept-loop.ts'
import { boundFile } from '../listener/bound-file.ts'
import { listenNow } from '../listener/raw-listener.ts'
import { serverHandle, setAddress, takeHandle, type TcpHandle } from './internals.ts'

/** A handle for `net.Server` that listens on an AF_UNIX socket instead. */
const listening = (handle: SocketHandle, address: UnixAddress): TcpHandle => {
  const server = serverHandle()
  const removeFile = boundFile(address)
  let clients: AcceptLoop | undefined
  const { close } = server
  const take = (client: SocketHandle): void => {
    let connection: object
    try {
      connection = takeHandle(adopt(client, { pauseOnCreate: true } as AdoptOptions))
    } catch {
      // It left while it waited, which is no matter of the server's.
      client.close()
      return
    }
    server.onconnection?.(0, connection)
  }
  server.listen = () => {
    clients = startAcceptLoop(handle, take, () => {})
    return 0
  }
  server.ref = () => clients?.ref()
  server.unref = () => clients?.unref()
  server.close = (callback) => {
    clients?.close()
    if (!handle.closed) {
      handle.close()
      removeFile()
    }
    close.call(server, callback)
  }
  // Without it `server.address()` gives the path, as it does for a pipe.
  server.getsockname = undefined
  return server
}

/**
 * Makes any `net.Server`, also one of `node:http`, listen on an AF_UNIX path. 'listening', 'connection', `close`,
 * `maxConnections` and `address()` are Node's own; `close` removes the file.
 *
 * @throws TypeError, SocketError `ENAMETOOLONG` for a path that cannot be one. Everything else comes as 'error'.
 */
export const listenUnix = (server: net.Server, path: string, backlog: number | undefined): void => {
  const address = UnixAddress.path(path)
  try {
    // Node takes 0 for its own number.
    const handle = listenNow(address, 'stream', backlog || undefined, 'listen')
    server.listen(listening(handle, address))
    setAddress(server, path)
  } catch (error) {
    process.nextTick(() => server.emit('error', error))
  }
}

/** listenOr: `net.Server.listen` that takes an AF_UNIX path. */
import { channel } from 'node:diagnostics_channel'
import type net from 'node:net'
import { resolve } from 'node:path'
import { adopt, type AdoptOptions, type SocketHandle, type UnixAddress } from '@uds/winsock-ffi'
import { startAcceptLoop, type AcceptLoop } from '../listener/accept-loop.ts'
import { boundFile } from '../listener/bound-file.ts'
import { listenNow } from '../listener/raw-listener.ts'
import { isUnixPath } from './arguments.ts'
import { allowOthers } from './allow-others.ts'
import { toNodeError } from './node-error.ts'
import { looksLikePipe, takeHandle, tcpHandle, type TcpHandle } from './node-internals.ts'
import { unixAddress } from './unix-address.ts'

/** The channel on which `net.Server.listen` publishes a failure (https://nodejs.org/api/diagnostics_channel.html). */
const failed = channel('tracing:net.server.listen:error')

/** A `net.Server`, with its handle. */
type Listening = net.Server & { _handle: TcpHandle | null }

/** A handle for `net.Server` that accepts from an AF_UNIX socket. */
const listening = (owner: Listening, handle: SocketHandle, address: UnixAddress): TcpHandle => {
  const server = tcpHandle('server')
  const removeFile = boundFile(address)
  const file = address.pathname === undefined ? undefined : resolve(address.pathname)
  let clients: AcceptLoop | undefined
  const { close } = server
  const take = (client: SocketHandle): void => {
    let connection: object
    try {
      connection = takeHandle(adopt(client, { pauseOnCreate: true } as AdoptOptions))
    } catch {
      // The client left while it waited, which is no failure of the server.
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
  server.fchmod = (access) => {
    try {
      if (file !== undefined) allowOthers(file, access)
    } catch (error) {
      // As after a failure of its own `fchmod`, `listen` throws, and nothing listens.
      server.close()
      owner._handle = null
      throw error
    }
    return 0
  }
  return looksLikePipe(server)
}

type Listen2 = (
  this: Listening,
  address: unknown,
  port: number,
  family: number,
  backlog: unknown,
  fd: number | undefined,
  ...rest: unknown[]
) => void

/** A `net.Server` with the method that every form of `listen` calls in the end; Node keeps its name for wrappers. */
export interface ServerPrototype {
  _listen2: Listen2
}

/** `listen(2)` takes any number; Node takes 0 and what is no number for its default. */
const backlogOf = (backlog: unknown): number | undefined => {
  const most = Number(backlog) | 0
  return most > 0 ? most : undefined
}

/**
 * Node's `_listen2`, for AF_UNIX where the address is a path. All of `listen` is Node's: its arguments, 'listening',
 * `signal`, `maxConnections`, `address()`, the primary process of a cluster. Only the handle is ours; `close` removes the
 * file.
 */
export const listenOr = (original: Listen2): Listen2 =>
  function listen2(address, port, family, backlog, fd, ...rest) {
    const isPath = port === -1 && family === -1 && isUnixPath(address)
    // The primary process of a cluster may have sent a handle.
    if (isPath && !this._handle) {
      try {
        const at = unixAddress(address)
        this._handle = listening(this, listenNow(at, 'stream', backlogOf(backlog), 'listen'), at)
      } catch (cause) {
        const error = toNodeError(cause, 'listen', address)
        if (failed.hasSubscribers) failed.publish({ server: this, error })
        process.nextTick(() => this.emit('error', error))
        return
      }
    }
    Reflect.apply(original, this, [address, port, family, backlog, fd, ...rest])
  }

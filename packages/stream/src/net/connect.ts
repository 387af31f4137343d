/** connectOr: `net.Socket.connect` that takes an AF_UNIX path. */
import type net from 'node:net'
import { sockets, SocketError, watch, type SocketHandle, type UnixAddress } from '@uds/winsock-ffi'
import { system } from '@uds/winsock-ffi/internal'
import { connectPath } from './arguments.ts'
import { errnoOf, toNodeError } from './node-error.ts'
import { setHandle, needsHandle, tcpHandle, type ConnectRequest } from './node-internals.ts'
import { unixAddress } from './unix-address.ts'

/** The code of a connect that goes on: WSAEWOULDBLOCK on Windows. On Linux EAGAIN is a full backlog (connect(2)). */
const BEGUN = system === 'win32' ? 'EAGAIN' : 'EINPROGRESS'

type Done = (error: SocketError | null) => void

/** Waits for a connect that has begun. */
const finish = (handle: SocketHandle, address: UnixAddress, done: Done): void => {
  const watcher = watch(handle, { writable: true }, (failed) => {
    watcher.close()
    // libuv calls a connect that failed EBADF (src/unix/poll.c); the socket itself knows better.
    const error = sockets.getOption(handle, 'SO_ERROR') ?? failed
    if (!error) return done(null)
    const { code, nativeCode } = error
    done(new SocketError({ code, syscall: 'connect', address: `${address}`, nativeCode, cause: error }))
  })
}

/** Begins to connect, and calls back at the end, in a later turn or at once. */
const connectHandle = (handle: SocketHandle, address: UnixAddress, done: Done): void => {
  handle.setNonblocking(true)
  try {
    sockets.connect(handle, address)
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
    if (error.code === BEGUN) finish(handle, address, done)
    else done(error)
    return
  }
  done(null)
}

const notTaken = (status: number): SocketError =>
  new SocketError({
    code: 'ENOTSUP',
    syscall: 'connect',
    nativeCode: -status,
    detail: 'libuv did not take the socket (uv_tcp_open)',
  })

/** A handle whose `connect`, which Node calls with the path, opens an AF_UNIX socket into it. */
const connecting = (socket: net.Socket): ReturnType<typeof tcpHandle> => {
  const inner = tcpHandle('socket')
  let opened: SocketHandle | undefined
  let begun = false
  let closed = false
  const { close } = inner
  inner.close = (callback) => {
    closed = true
    // Ends the watch on it, too.
    opened?.close()
    close.call(inner, callback)
  }
  const fail = (cause: unknown, path: string): void => {
    opened?.close()
    // The socket may connect again, with a handle of its own.
    if (closed) return
    const error = toNodeError(cause, 'connect', path)
    Object.assign(socket, { connecting: false })
    socket.emit('connectionAttemptFailed', path, undefined, undefined, error)
    socket.destroy(error)
  }
  const begin = (request: ConnectRequest, path: string): void => {
    if (closed) return
    try {
      const address = unixAddress(path)
      const handle = sockets.open('unix', 'stream')
      opened = handle
      connectHandle(handle, address, (error) => {
        if (closed) return handle.close()
        if (error) return fail(error, path)
        const status = inner.open(handle.fd)
        if (status !== 0) return fail(notTaken(status), path)
        handle.release()
        request.oncomplete(0, inner, request, true, true)
      })
    } catch (error) {
      fail(error, path)
    }
  }
  inner.connect = (request, path) => {
    if (begun) return errnoOf('EISCONN') ?? -1
    begun = true
    // Never in the turn of the call: the program adds its listeners after it (and Node expects an answer first).
    setImmediate(begin, request, path)
    return 0
  }
  return inner
}

/**
 * Node's `connect`, for AF_UNIX where the arguments have a path. All of it is Node's: `connecting`, writes before
 * 'connect', 'ready', `destroy` meanwhile, timeouts, the events of an attempt. Only the handle is ours.
 */
export const connectOr = (original: net.Socket['connect']): net.Socket['connect'] =>
  function connect(this: net.Socket, ...args: unknown[]) {
    if (connectPath(args) !== undefined && needsHandle(this)) setHandle(this, connecting(this))
    return Reflect.apply(original, this, args) as net.Socket
  }

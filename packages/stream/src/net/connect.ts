import type net from 'node:net'
import { sockets, SocketError, UnixAddress, watch, type SocketHandle } from '@uds/winsock-ffi'
import { system } from '@uds/winsock-ffi/internal'
import { connectBy, type ConnectRequest, type TcpHandle } from './internals.ts'

/** What a connect that goes on answers: WSAEWOULDBLOCK on Windows. On Linux EAGAIN is a full backlog (connect(2)). */
const BEGUN = system === 'win32' ? 'EAGAIN' : 'EINPROGRESS'

/** Waits for a connect that was begun. */
const finish = (
  handle: SocketHandle,
  address: UnixAddress,
  done: (error: SocketError | null) => void,
): void => {
  const watcher = watch(handle, { writable: true }, (failed) => {
    watcher.close()
    // libuv calls a connect that failed EBADF (src/unix/poll.c); the socket itself knows better.
    const error = sockets.getOption(handle, 'SO_ERROR') ?? failed
    if (!error) return done(null)
    done(
      new SocketError({
        code: error.code,
        syscall: 'connect',
        address: address.toString(),
        nativeCode: error.nativeCode,
        cause: error,
      }),
    )
  })
}

/** Begins to connect, and calls back when that has ended, in a later turn or at once. */
const connectHandle = (
  handle: SocketHandle,
  address: UnixAddress,
  done: (error: SocketError | null) => void,
): void => {
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

/**
 * Connects a `net.Socket` to an AF_UNIX path, with everything that Node's own `connect` does around it: `connecting`,
 * writes before 'connect', 'ready', `destroy` meanwhile, timeouts.
 *
 * @throws TypeError, SocketError `ENAMETOOLONG` for a path that cannot be one. Everything else comes as 'error'.
 */
export const connectUnix = (socket: net.Socket, path: string): void => {
  const address = UnixAddress.path(path)
  connectBy(socket, (inner: TcpHandle, request: ConnectRequest) => {
    let handle: SocketHandle | undefined
    const fail = (error: Error): void => {
      handle?.close()
      socket.destroy(error)
    }
    const begin = (): void => {
      if (socket.destroyed) return
      try {
        handle = sockets.open('unix', 'stream')
        const opened = handle
        // Closing the socket ends the watch on it.
        const abandon = (): void => opened.close()
        socket.once('close', abandon)
        connectHandle(opened, address, (error) => {
          socket.off('close', abandon)
          if (error || socket.destroyed) return error ? fail(error) : opened.close()
          const status = inner.open(opened.fd)
          if (status !== 0) return fail(notTaken(status))
          opened.release()
          request.oncomplete(0, inner, request, true, true)
        })
      } catch (error) {
        fail(error as Error)
      }
    }
    // Never in the turn of the call: listeners are still to be added (and Node expects an answer first).
    setImmediate(begin)
  })
}

const notTaken = (status: number): SocketError =>
  new SocketError({
    code: 'ENOTSUP',
    syscall: 'connect',
    nativeCode: -status,
    detail: 'libuv did not take the socket (uv_tcp_open)',
  })

/** adopt: a connected stream becomes a net.Socket of Node's loop. */
import type { Socket, SocketConstructorOpts } from 'node:net'
import { SocketError } from '../errors/socket-error.ts'
import { checkOptions, optionNames } from '../options/check-options.ts'
import { openFd, type SocketHandle } from '../handle/socket-handle.ts'
import { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from '../constants/this-system.ts'
import { getOption } from '../sockets/options.ts'
import { system } from '../system.ts'
import { systemCalls } from '../system-calls/select.ts'
import { intoLoop as posix } from './posix.ts'
import { intoLoop as win32 } from './win32.ts'

/** Puts a connected stream into Node's loop; the `net.Socket` owns the descriptor. */
const intoLoop: (fd: number, options: SocketConstructorOpts) => Socket = system === 'win32' ? win32 : posix

/** What `new net.Socket` takes, but for the descriptor. */
export type AdoptOptions = Omit<SocketConstructorOpts, 'fd' | 'handle'>

/** What `new net.Socket` takes besides: options of its streams, and of net.Server for its connections. */
const MORE_OPTIONS = [
  'highWaterMark',
  'readableHighWaterMark',
  'writableHighWaterMark',
  'pauseOnCreate',
  'manualStart',
]

const OPTIONS: readonly string[] = [
  ...optionNames<AdoptOptions>({
    allowHalfOpen: true,
    onread: true,
    readable: true,
    writable: true,
    signal: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: true,
    blockList: true,
    typeOfService: true,
  }),
  ...MORE_OPTIONS,
]

/**
 * Hands a connected stream to Node's loop. The result is an ordinary `net.Socket`, read and written by libuv.
 * The handle is consumed: it is closed for its owner, and the `net.Socket` closes the connection. When this throws,
 * the caller still owns the handle.
 *
 * ## Platform behaviour
 * On POSIX this is `new net.Socket({ fd })`, and `net.connect({ fd })` in Bun. On Windows the SOCKET joins libuv's completion port as a TCP handle, of
 * whatever family it is; `remoteAddress` of an AF_UNIX one is empty there. A socket belongs to the loop of the thread
 * that adopts it and cannot move to another.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for an option that net.Socket does not have.
 * @throws SocketError `ENOTCONN` for a socket without a peer, `ENOTSUP` for one that is no stream of AF_UNIX or TCP and on
 *   engines that are not Node (Bun, Deno) on Windows, `ENOTSOCK` for a descriptor of something else, `EEXIST` for one that
 *   Node's loop has already, `EBADF` for a closed one.
 */
export const adopt = (handle: SocketHandle, options: AdoptOptions = {}): Socket => {
  checkOptions(options, 'adopt', OPTIONS)
  const fd = openFd(handle, 'adopt')
  requireStream(handle)
  // A listener or an unconnected socket would become a net.Socket that never does anything.
  systemCalls.name('getpeername', fd)
  const socket = inLoop(fd, { readable: true, writable: true, ...options })
  handle.release()
  return socket
}

const typeNames: Readonly<Record<number, string>> = {
  [SOCK_DGRAM]: 'datagram socket',
  [SOCK_SEQPACKET]: 'seqpacket socket',
}

/** Asks the system, as `fromFd` takes the type that its caller says. */
const requireStream = (handle: SocketHandle): void => {
  let type: number
  try {
    type = getOption(handle, 'SO_TYPE')
  } catch (error) {
    const { code, nativeCode } = error as SocketError
    if (code !== 'ENOTSOCK') throw error
    throw new SocketError({
      code,
      syscall: 'adopt',
      nativeCode,
      detail: `the descriptor ${handle.fd} is no socket, but a file, a pipe or a device`,
      advice: 'net.Socket takes pipes by `new net.Socket({ fd })`, and files have fs.createReadStream',
    })
  }
  if (type === SOCK_STREAM) return
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: 'adopt',
    detail: `net.Socket carries streams only, and this is a ${typeNames[type] ?? `socket of the type ${type}`}`,
    advice: 'use watch() with recv and send',
  })
}

/** What Node throws says neither what failed nor what to do. */
const inLoop = (fd: number, options: SocketConstructorOpts): Socket => {
  try {
    return intoLoop(fd, options)
  } catch (cause) {
    const { code } = cause as { code?: unknown }
    if (code === 'EEXIST')
      throw new SocketError({
        code,
        syscall: 'adopt',
        detail: "Node's loop has this descriptor already: another net.Socket or server uses it",
        advice: 'use that one, or adopt a duplicate of the descriptor',
        cause,
      })
    if (code === 'ERR_INVALID_FD_TYPE')
      throw new SocketError({
        code: 'ENOTSUP',
        syscall: 'adopt',
        detail: 'net.Socket carries streams of AF_UNIX and TCP, and this socket is of another family',
        advice: 'use watch() with recv and send',
        cause,
      })
    throw cause
  }
}

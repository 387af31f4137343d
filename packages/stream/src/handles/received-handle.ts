/** ReceivedHandle: the kind of a received descriptor, and what it becomes. */
import { constants } from 'node:fs'
import { createServer, type Server, type ServerOpts, type Socket, type SocketConstructorOpts } from 'node:net'
import { netSocketOf, runtime, statDescriptor, system } from '@uds/winsock-ffi/internal'
import { isatty } from 'node:tty'
import {
  adopt,
  libc,
  posixConstants,
  sockets,
  SocketError,
  type Descriptor,
  type SocketHandle,
} from '@uds/winsock-ffi'
import { inspectSocket } from '../inherited/inspect-socket.ts'

import { PassedFile } from './passed-file.ts'

const { O_RDONLY, O_WRONLY } = constants
/** <fcntl.h>, the same on Linux and macOS. */
const O_ACCMODE = 3

/**
 * The kind of a handle. A socket that listens is a `server`; `pipe` is one end of pipe(2), or a FIFO; `other` is a device, a
 * socket of a family that is not known here (netlink, vsock), a descriptor that was opened with O_PATH, an eventfd and the
 * like.
 */
export type HandleKind = 'file' | 'directory' | 'socket' | 'server' | 'pipe' | 'terminal' | 'other'

/** A descriptor opened with O_PATH can be neither read nor asked for the options of its socket (open(2)). Linux only. */
const O_PATH = 0o10000000

const socketKind = (fd: number): HandleKind => {
  const info = inspectSocket(fd)
  if (info === undefined) return 'other'
  return info.listens ? 'server' : 'socket'
}

/** Never throws: what cannot be asked is of the kind `other`. */
const kindOf = (fd: number): HandleKind => {
  try {
    if (system === 'linux' && (libc.fcntl(fd, posixConstants.F_GETFL, 0) & O_PATH) !== 0) return 'other'
    const stats = statDescriptor(fd)
    if (stats.isFile()) return 'file'
    if (stats.isDirectory()) return 'directory'
    if (stats.isFIFO()) return 'pipe'
    if (stats.isSocket()) return socketKind(fd)
    return isatty(fd) ? 'terminal' : 'other'
  } catch {
    return 'other'
  }
}

/**
 * A handle that another process has sent: a copy of this process, which the caller turns into a socket or a file, or
 * closes.
 */
export class ReceivedHandle {
  /** The kind, as the system says. */
  readonly kind: HandleKind
  readonly #descriptor: Descriptor

  /** @internal */
  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor
    this.kind = kindOf(descriptor.fd)
  }

  /** The descriptor; -1 once this is closed or taken over. */
  get fd(): number {
    return this.#descriptor.fd
  }

  /** The descriptor itself, which stays owned by this handle. */
  get descriptor(): Descriptor {
    return this.#descriptor
  }

  /**
   * A connected stream socket, or a pipe, as a `net.Socket` in Node's loop.
   *
   * @throws SocketError `EINVAL` for another kind of handle, `ENOTCONN`, `EBADF` when it is closed or taken over.
   */
  toSocket(options: Omit<SocketConstructorOpts, 'fd' | 'handle'> = {}): Socket {
    if (this.kind === 'pipe') {
      // One end of a pipe goes one way; a FIFO that is open for both goes both.
      const mode = libc.fcntl(this.#open(), posixConstants.F_GETFL, 0) & O_ACCMODE
      const ways = { readable: mode !== O_WRONLY, writable: mode !== O_RDONLY }
      return netSocketOf(this.#descriptor.release(), { ...ways, ...options })
    }
    const handle = this.toSocketHandle()
    try {
      return adopt(handle, options)
    } catch (error) {
      handle.close()
      throw error
    }
  }

  /**
   * A socket of any kind, for the calls of @uds/winsock-ffi: datagrams, seqpacket.
   *
   * @throws SocketError `EINVAL`, `EBADF`.
   */
  toSocketHandle(): SocketHandle {
    this.#require(this.kind === 'socket' || this.kind === 'server', 'a socket')
    const { family, type } = inspectSocket(this.#descriptor.fd)!
    return sockets.fromFd(this.#descriptor.release(), family, type)
  }

  /**
   * A listening socket as a `net.Server` that accepts its connections. The process that sent it may go on accepting as
   * well: each connection goes to one of them.
   *
   * @throws SocketError `EINVAL`, `EBADF`. What fails later is an 'error' of the server.
   */
  toServer(options: ServerOpts = {}): Server {
    this.#require(this.kind === 'server', 'a listening socket')
    return createServer(options).listen({ fd: this.#descriptor.release() })
  }

  /**
   * A file, or anything else that can be read and written at its descriptor, with the methods of Node's `FileHandle`.
   *
   * @throws SocketError `EINVAL` for a socket, `EBADF`, `ENOTSUP` in Deno.
   */
  toFile(): PassedFile {
    this.#require(this.kind !== 'socket' && this.kind !== 'server', 'a file')
    // Its node:fs says EBADF for every descriptor that it has not opened.
    if (runtime.name === 'deno')
      throw new SocketError({
        code: 'ENOTSUP',
        syscall: 'ReceivedHandle.toFile',
        detail: 'node:fs of Deno takes only descriptors that Deno has opened',
        advice: `open the file again by the name of the descriptor: /dev/fd/${this.#descriptor.fd}`,
      })
    return new PassedFile(this.#descriptor)
  }

  /** Returns the number to a caller who closes it from now on. @throws SocketError `EBADF`. */
  release(): number {
    return this.#descriptor.release()
  }

  /** Closing twice is no error, nor is closing a handle that was taken over. */
  close(): void {
    this.#descriptor.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #open(): number {
    if (!this.#descriptor.closed) return this.#descriptor.fd
    throw new SocketError({ code: 'EBADF', syscall: 'ReceivedHandle', detail: 'it is closed or taken over' })
  }

  #require(fits: boolean, wanted: string): void {
    this.#open()
    if (fits) return
    throw new SocketError({
      code: 'EINVAL',
      syscall: 'ReceivedHandle',
      detail: `the handle is no ${wanted.replace(/^an? /, '')}, but of the kind ${this.kind}`,
    })
  }
}

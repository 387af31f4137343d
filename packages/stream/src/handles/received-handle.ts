import { constants, fstatSync } from 'node:fs'
import { createServer, Socket, type Server, type ServerOpts, type SocketConstructorOpts } from 'node:net'
import { isatty } from 'node:tty'
import {
  adopt,
  libc,
  posixConstants,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  sockets,
  SocketError,
  type Descriptor,
  type SocketFamily,
  type SocketHandle,
  type SocketType,
} from '@uds/winsock-ffi'
import { PassedFile } from './passed-file.ts'

const { O_RDONLY, O_WRONLY } = constants
/** <fcntl.h>, the same on Linux and macOS. */
const O_ACCMODE = 3

/** What a handle is. A socket that listens is a `server`; `pipe` is one end of pipe(2), or a FIFO. */
export type HandleKind = 'file' | 'directory' | 'socket' | 'server' | 'pipe' | 'terminal' | 'other'

interface SocketInfo {
  readonly family: SocketFamily
  readonly type: SocketType
  readonly listens: boolean
}

const inspectSocket = (fd: number): SocketInfo => {
  // Only borrowed, to ask: the answers do not depend on what is said of the family here.
  const borrowed = sockets.fromFd(fd, 'unix')
  try {
    const { family } = sockets.localAddress(borrowed)
    const number = sockets.getOption(borrowed, 'SO_TYPE')
    const type = number === SOCK_DGRAM ? 'datagram' : number === SOCK_SEQPACKET ? 'seqpacket' : 'stream'
    return { family, type, listens: type !== 'datagram' && sockets.getOption(borrowed, 'SO_ACCEPTCONN') }
  } finally {
    borrowed.release()
  }
}

const kindOf = (fd: number): HandleKind => {
  const stats = fstatSync(fd)
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isFIFO()) return 'pipe'
  if (stats.isSocket()) return inspectSocket(fd).listens ? 'server' : 'socket'
  return isatty(fd) ? 'terminal' : 'other'
}

/**
 * A handle that another process has sent. It is this process's own copy: turn it into what you need, which takes it
 * over, or close it.
 */
export class ReceivedHandle {
  /** What it is, as the system says. */
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
      // Mostly it is one end, which goes one way.
      const mode = libc.fcntl(this.#open(), posixConstants.F_GETFL, 0) & O_ACCMODE
      const ways = { readable: mode !== O_WRONLY, writable: mode !== O_RDONLY }
      return new Socket({ ...ways, ...options, fd: this.#descriptor.release() })
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
    this.#must(this.kind === 'socket' || this.kind === 'server', 'a socket')
    const { family, type } = inspectSocket(this.#descriptor.fd)
    return sockets.fromFd(this.#descriptor.release(), family, type)
  }

  /**
   * A listening socket as a `net.Server` that accepts its connections. The process that sent it may go on accepting as
   * well: each connection goes to one of them.
   *
   * @throws SocketError `EINVAL`, `EBADF`. What fails later is an 'error' of the server.
   */
  toServer(options: ServerOpts = {}): Server {
    this.#must(this.kind === 'server', 'a listening socket')
    return createServer(options).listen({ fd: this.#descriptor.release() })
  }

  /**
   * A file, or whatever else can be read and written at its descriptor, with the methods of Node's `FileHandle`.
   *
   * @throws SocketError `EINVAL` for a socket, `EBADF`.
   */
  toFile(): PassedFile {
    this.#must(this.kind !== 'socket' && this.kind !== 'server', 'a file')
    return new PassedFile(this.#descriptor)
  }

  /** Gives the number to somebody else, who closes it from now on. @throws SocketError `EBADF`. */
  release(): number {
    return this.#descriptor.release()
  }

  /** Closing twice is no error, nor is closing what was taken over. */
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

  #must(fits: boolean, wanted: string): void {
    this.#open()
    if (fits) return
    throw new SocketError({
      code: 'EINVAL',
      syscall: 'ReceivedHandle',
      detail: `the handle is no ${wanted.replace(/^an? /, '')}, but of the kind ${this.kind}`,
    })
  }
}

/** The interface of posix.ts and win32.ts: how each system connects and listens. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PipeAddress, UnixTarget } from '@uds/winsock-ffi/internal'
import type { ConnectOptions, Listener, ListenOptions, TransportCapabilities } from '../transport.ts'

export interface PlatformTransports {
  /** The capabilities of `unix` on this system. */
  readonly unixCapabilities: TransportCapabilities
  connectUnix(to: UnixTarget, options: ConnectOptions): Promise<Socket>
  listenUnix(at: UnixTarget, options: ListenOptions): Promise<Listener<Socket>>
  readonly pipeCapabilities: TransportCapabilities
  connectPipe(to: PipeAddress, options: ConnectOptions): Promise<Duplex>
  listenPipe(at: PipeAddress, options: ListenOptions): Promise<Listener>
  /** @throws SocketError `ENOTSUP` where sockets have no file descriptors, `EBADF` for a closed one. */
  requireDescriptors(syscall: string, fd: number): void
  /** The address of an inherited AF_UNIX listener; undefined where it is unknown. */
  nameOfFd(fd: number): string | undefined
  /** The scheme that a bare name leads to. */
  readonly nameScheme: 'unix' | 'pipe'
}

/** The transports of each system: posix.ts and win32.ts. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Address, NameAddress, PipeAddress, UnixTarget } from '../address/address.ts'
import type { ConnectOptions, Listener, ListenOptions, TransportCapabilities } from '../transport.ts'

export interface PlatformTransports {
  /** What the `unix` transport can do here. */
  readonly unixCapabilities: TransportCapabilities
  connectUnix(to: UnixTarget, options: ConnectOptions): Promise<Socket>
  listenUnix(at: UnixTarget, options: ListenOptions): Promise<Listener<Socket>>
  readonly pipeCapabilities: TransportCapabilities
  connectPipe(to: PipeAddress, options: ConnectOptions): Promise<Duplex>
  listenPipe(at: PipeAddress, options: ListenOptions): Promise<Listener>
  /** Fails with ENOTSUP where sockets have no file descriptors, and with EBADF for one that is not open. */
  requireDescriptors(syscall: string, fd: number): void
  /** The address of an inherited AF_UNIX listener, where it can be told. */
  nameOfFd(fd: number): string | undefined
  /** Where a bare name leads: the safe place of this user. */
  resolveName(address: NameAddress): Address
}

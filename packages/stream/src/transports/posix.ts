/** Linux, macOS and their like: AF_UNIX by node:net, no named pipes. */
import { SocketError } from '@uds/winsock-ffi'
import { formatAddress, statDescriptor } from '@uds/winsock-ffi/internal'
import type { PlatformTransports } from './platform.ts'
import { nameOfFd } from '../inherited/name-of-fd.ts'
import { connectUnix } from '../unix-socket/posix/connect.ts'
import { listenUnix } from '../unix-socket/posix/listen.ts'

const noPipes = (syscall: string, address: string): SocketError =>
  new SocketError({
    code: 'ENOTSUP',
    syscall,
    address,
    detail: 'named pipes of this kind exist on Windows only',
    advice: 'use unix:, or name: for an address that fits either system',
  })

export const platform: PlatformTransports = {
  unixCapabilities: {
    listen: true,
    netSocket: true,
    halfClose: true,
    credentials: true,
    exclusive: true,
    refuses: true,
  },
  connectUnix,
  listenUnix,
  pipeCapabilities: {
    listen: false,
    netSocket: false,
    halfClose: false,
    credentials: false,
    exclusive: true,
    refuses: true,
  },
  connectPipe: (to) => Promise.reject(noPipes('connect', formatAddress(to))),
  listenPipe: (at) => Promise.reject(noPipes('listen', formatAddress(at))),
  requireDescriptors: (syscall, fd) => {
    try {
      statDescriptor(fd)
    } catch (cause) {
      throw new SocketError({
        code: 'EBADF',
        syscall,
        address: `fd:${fd}`,
        detail: 'the descriptor is not open',
        advice: 'fd:N is a socket that this process was given; listenFds() lists those of systemd',
        cause,
      })
    }
  },
  nameOfFd,
  nameScheme: 'unix',
}

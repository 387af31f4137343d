/** Windows: AF_UNIX by Winsock, named pipes, no descriptors. */
import { capabilities, SocketError } from '@uds/winsock-ffi'
import type { PlatformTransports } from './platform.ts'
import { connectPipe } from '../named-pipe/connect.ts'
import { listenPipe } from '../named-pipe/listen.ts'
import { connectUnix } from '../unix-socket/win32/connect.ts'
import { listenUnix } from '../unix-socket/win32/listen.ts'

export const platform: PlatformTransports = {
  // Read on use: older systems have no AF_UNIX, and Wine does not report the peer's process.
  unixCapabilities: {
    get listen() {
      return capabilities().afUnix && capabilities().adoption
    },
    netSocket: true,
    halfClose: true,
    get credentials() {
      return capabilities().credentials
    },
    exclusive: true,
    refuses: true,
  },
  connectUnix,
  listenUnix,
  pipeCapabilities: {
    listen: true,
    netSocket: false,
    halfClose: false,
    credentials: true,
    exclusive: true,
    refuses: true,
  },
  connectPipe,
  listenPipe,
  requireDescriptors: (syscall, fd) => {
    throw new SocketError({
      code: 'ENOTSUP',
      syscall,
      address: `fd:${fd}`,
      detail: 'sockets of Windows have no file descriptors that a parent could pass',
    })
  },
  nameOfFd: () => undefined,
  nameScheme: 'pipe',
}

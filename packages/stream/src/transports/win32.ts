/** Windows: AF_UNIX by Winsock, named pipes, no descriptors. */
import { capabilities, SocketError } from '@uds/winsock-ffi'
import type { PlatformTransports } from './platform.ts'

/** Loaded by the first connection or listener, so that an import on other systems reads none of it. */
const loaded = (): Promise<
  Pick<PlatformTransports, 'connectUnix' | 'listenUnix' | 'connectPipe' | 'listenPipe'>
> => import('./win32-calls.ts')

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
  connectUnix: async (to, options) => await (await loaded()).connectUnix(to, options),
  listenUnix: async (at, options) => await (await loaded()).listenUnix(at, options),
  pipeCapabilities: {
    listen: true,
    netSocket: false,
    halfClose: false,
    credentials: true,
    exclusive: true,
    refuses: true,
  },
  connectPipe: async (to, options) => await (await loaded()).connectPipe(to, options),
  listenPipe: async (at, options) => await (await loaded()).listenPipe(at, options),
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

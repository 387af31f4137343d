/** The transport fd: sockets that systemd or another parent has opened for this process. */
import type { Server, Socket } from 'node:net'
import { SocketError } from '@uds/winsock-ffi'
import { formatAddress, netSocketOf } from '@uds/winsock-ffi/internal'
import { refuseFileOptions } from '../options/check-options.ts'
import { toSocketError } from '../errors/connection-error.ts'
import type { Transport } from '../transport.ts'
import { platform } from './select.ts'
import { isClusterWorker } from '../node-net/cluster.ts'
import { traceErrors } from '../node-net/net-connect.ts'
import { listenNet } from '../node-net/net-listen.ts'
import { requireKind } from './fd-kind.ts'
import { parseOwnAddress } from './scheme.ts'
import { CONNECT_OPTIONS, refuseMisspelt } from '../options/misspelt.ts'

/** Codes of libuv and the system for files, pipes, terminals and connected sockets. */
const NO_LISTENER = new Set(['EINVAL', 'ENOTSOCK', 'EOPNOTSUPP', 'ENOTSUP', 'ERR_INVALID_FD_TYPE'])

/** The address of the server; node:net does not know the name of an inherited AF_UNIX socket. */
const addressOf = (server: Server, fd: number): string => {
  const found = server.address()
  // Bun's address of such a server is an empty object.
  if (found && typeof found === 'object' && found.address)
    return formatAddress({ scheme: 'tcp', host: found.address, port: found.port })
  return (isClusterWorker() ? undefined : platform.nameOfFd(fd)) ?? `fd:${fd}`
}

/**
 * `fd:N`: an open descriptor, a connected one for `connect` and a listening one for `listen`. The transport owns it
 * afterwards. POSIX only.
 */
export const fd: Transport<Socket> = {
  name: 'fd',
  capabilities: {
    listen: true,
    netSocket: true,
    halfClose: true,
    credentials: true,
    exclusive: false,
    refuses: false,
  },
  connect: async (address, options = {}) => {
    refuseMisspelt(options, 'connect', CONNECT_OPTIONS)
    const target = parseOwnAddress(address, 'fd.connect', 'fd')
    platform.requireDescriptors('connect', target.fd)
    requireKind('connect', target.fd)
    const text = formatAddress(target)
    try {
      const socket = netSocketOf(target.fd, {
        readable: true,
        writable: true,
        allowHalfOpen: options.allowHalfOpen ?? false,
        ...(options.onread && { onread: options.onread }),
      })
      traceErrors(socket, text)
      return socket
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code !== 'ERR_INVALID_FD_TYPE') throw toSocketError(cause, 'connect', text)
      throw new SocketError({
        code: 'ENOTSOCK',
        syscall: 'connect',
        address: text,
        detail: 'the descriptor is no open socket',
        cause,
      })
    }
  },
  listen: async (address, options = {}) => {
    const target = parseOwnAddress(address, 'fd.listen', 'fd')
    refuseFileOptions(options, 'listen', formatAddress(target))
    // A worker of node:cluster listens at a descriptor of its primary process.
    if (!isClusterWorker()) {
      platform.requireDescriptors('listen', target.fd)
      requireKind('listen', target.fd)
    }
    let printed: string | undefined
    const setup = {
      listen: { fd: target.fd },
      address: formatAddress(target),
      // Read on first use: for AF_UNIX it takes a system call that Node does not make.
      addressOf: (server: Server) => () => (printed ??= addressOf(server, target.fd)),
    }
    try {
      return await listenNet(setup, options)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (!NO_LISTENER.has(code ?? '')) throw cause
      throw new SocketError({
        code: 'EINVAL',
        syscall: 'listen',
        address: setup.address,
        detail: 'the descriptor is no socket that can listen',
        advice: 'systemd passes those of LISTEN_FDS from 3 on: listenFds() has their addresses',
        cause,
      })
    }
  },
}

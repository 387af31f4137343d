/** Sockets that this process was given: by systemd, by a parent. */
import { Socket, type Server } from 'node:net'
import { SocketError } from '@uds/winsock-ffi'
import { formatAddress } from '../address/address.ts'
import { refuseFileOptions } from '../options/check-options.ts'
import { toSocketError } from '../errors/connection-error.ts'
import type { Transport } from '../transport.ts'
import { platform } from './select.ts'
import { survive } from '../node-net/net-connect.ts'
import { listenNet } from '../node-net/net-listen.ts'
import { addressFor } from './scheme.ts'

/** What libuv and the system say of a file, a pipe, a terminal, and of a socket that is connected. */
const NO_LISTENER = new Set(['EINVAL', 'ENOTSOCK', 'EOPNOTSUPP', 'ENOTSUP', 'ERR_INVALID_FD_TYPE'])

/** What a listening server says of itself; a socket of AF_UNIX that was inherited is asked for its name. */
const addressOf = (server: Server, fd: number): string => {
  const found = server.address()
  if (found && typeof found === 'object')
    return formatAddress({ scheme: 'tcp', host: found.address, port: found.port })
  return platform.nameOfFd(fd) ?? `fd:${fd}`
}

/**
 * `fd:N`: a descriptor that is open already, a connected one to `connect` and a listening one to `listen`. It is
 * consumed. POSIX only.
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
    const target = addressFor(address, 'fd.connect', 'fd')
    platform.requireDescriptors('connect', target.fd)
    const text = formatAddress(target)
    try {
      const socket = new Socket({
        fd: target.fd,
        readable: true,
        writable: true,
        allowHalfOpen: options.allowHalfOpen ?? false,
        ...(options.onread && { onread: options.onread }),
      })
      survive(socket, text)
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
    const target = addressFor(address, 'fd.listen', 'fd')
    refuseFileOptions(options, 'listen', formatAddress(target))
    platform.requireDescriptors('listen', target.fd)
    let printed: string | undefined
    const plan = {
      listen: { fd: target.fd },
      address: formatAddress(target),
      // Found out when somebody asks: for AF_UNIX it takes a system call that Node does not make.
      opened: (server: Server) => () => (printed ??= addressOf(server, target.fd)),
    }
    try {
      return await listenNet(plan, options)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (!NO_LISTENER.has(code ?? '')) throw cause
      throw new SocketError({
        code: 'EINVAL',
        syscall: 'listen',
        address: plan.address,
        detail: 'the descriptor is no socket that can listen',
        advice: 'systemd passes those of LISTEN_FDS from 3 on: listenFds() has their addresses',
        cause,
      })
    }
  },
}

/** The transport vsock: between a virtual machine and its host (Linux). */
import { closeSync, openSync } from 'node:fs'
import { libc, SocketError, sockets, VSOCK_ANY, VsockAddress } from '@uds/winsock-ffi'
import { codeOf, formatAddress, system } from '@uds/winsock-ffi/internal'
import { toSocketError } from '../errors/connection-error.ts'
import { ConnectionListener } from '../listener/connection-listener.ts'
import { openConnected } from '../native-socket/connect-socket.ts'
import { openServer } from '../native-socket/listen-socket.ts'
import { SocketConnection } from '../native-socket/socket-connection.ts'
import { traceErrors } from '../node-net/net-connect.ts'
import { refuseFileOptions } from '../options/check-options.ts'
import { CONNECT_OPTIONS, refuseMisspelt } from '../options/misspelt.ts'
import { requireCredentials } from '../peer/authorizer.ts'
import type { Transport } from '../transport.ts'
import { parseOwnAddress } from './scheme.ts'

/** @throws SocketError `ENOTSUP` outside of Linux. */
const requireLinux = (syscall: string, address: string): void => {
  if (system === 'linux') return
  throw new SocketError({ code: 'ENOTSUP', syscall, address, detail: 'only Linux has vsock sockets here' })
}

/** What the codes of the kernel mean here: vsock(7) has none of these. */
const details: Readonly<Record<string, readonly [code: string, detail: string, advice?: string]>> = {
  // Of a context that is there, and where nobody listens at the port.
  ECONNRESET: ['ECONNREFUSED', 'nobody listens at that port'],
  ENODEV: [
    'ENODEV',
    'this kernel has no way to that context',
    'a machine reaches its host as 2, and its guests by their numbers',
  ],
  ETIMEDOUT: [
    'ETIMEDOUT',
    'that context does not answer',
    'this machine reaches itself as 1 only with the kernel module vsock_loopback',
  ],
  EAFNOSUPPORT: ['EAFNOSUPPORT', 'this kernel has no vsock', 'load the module vsock'],
}

const explain = (error: unknown, address: string): unknown => {
  const found = error instanceof SocketError ? details[error.code] : undefined
  if (!found) return error
  const [code, detail, advice] = found
  return new SocketError({ code, syscall: 'connect', address, detail, advice, cause: error })
}

/** <linux/vm_sockets.h>: IOCTL_VM_SOCKETS_GET_LOCAL_CID */
const GET_LOCAL_CID = 0x7b9

/** The number by which others reach this machine; undefined where it has none, or may not ask. */
const localCid = (): number | undefined => {
  let device: number | undefined
  try {
    device = openSync('/dev/vsock', 'r')
    const cid = new Uint32Array(1)
    libc.ioctl(device, GET_LOCAL_CID, cid)
    return cid[0] === VSOCK_ANY ? undefined : cid[0]
  } catch {
    return undefined
  } finally {
    if (device !== undefined) closeSync(device)
  }
}

/**
 * `vsock:CID:PORT`, streams between virtual machines and their host. Connections are Duplexes of this package, as Node has no
 * class for them; they have a half close, and no peer credentials. It needs koffi.
 */
export const vsock: Transport<SocketConnection> = {
  name: 'vsock',
  capabilities: {
    listen: system === 'linux',
    netSocket: false,
    halfClose: true,
    credentials: false,
    exclusive: true,
    refuses: true,
  },
  connect: async (address, options = {}) => {
    refuseMisspelt(options, 'connect', CONNECT_OPTIONS)
    const target = parseOwnAddress(address, 'vsock.connect', 'vsock')
    const text = formatAddress(target)
    requireLinux('connect', text)
    try {
      const handle = await openConnected(new VsockAddress(target.cid, target.port), options)
      const made = new SocketConnection(handle, {
        address: text,
        allowHalfOpen: options.allowHalfOpen ?? false,
      })
      traceErrors(made, text)
      return made
    } catch (error) {
      throw codeOf(error) === undefined ? error : explain(toSocketError(error, 'connect', text), text)
    }
  },
  listen: async (address, options = {}) => {
    const target = parseOwnAddress(address, 'vsock.listen', 'vsock')
    const text = formatAddress(target)
    requireLinux('listen', text)
    refuseFileOptions(options, 'listen', text)
    requireCredentials(options, vsock.capabilities, text)
    options.signal?.throwIfAborted()
    const listener = new ConnectionListener<SocketConnection>(options)
    const handle = sockets.open('vsock')
    try {
      sockets.bind(handle, new VsockAddress(target.cid, target.port))
    } catch (error) {
      handle.close()
      throw toSocketError(error, 'listen', text)
    }
    const { cid, port } = sockets.localAddress(handle) as VsockAddress
    const printed = formatAddress({
      scheme: 'vsock',
      cid: cid === VSOCK_ANY ? (localCid() ?? cid) : cid,
      port,
    })
    const server = openServer(
      handle,
      options,
      listener,
      (client, { allowHalfOpen }) => new SocketConnection(client, { address: printed, allowHalfOpen }),
    )
    return listener.begin({
      ...server,
      address: () => printed,
      stop: async () => {
        await server.drain()
        server.close()
      },
    })
  },
}

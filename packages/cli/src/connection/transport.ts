/** Connecting and listening by the options of the command line, over TLS where asked for. */
import { isIP, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import {
  connect,
  listen,
  parseAddress,
  pipe,
  tcp,
  unix,
  vsock,
  withTls,
  type Listener,
  type ListenOptions,
  type Transport,
} from '@uds/stream'
import { CommandFailure, listenFailure } from '../exit/failure.ts'
import { rememberClients } from './client-identity.ts'
import { USAGE } from '../exit/exit-codes.ts'
import { pem, type TlsFlags, type TlsNames } from './tls-files.ts'

const OPTION_NAMES: TlsNames = {
  tls: '--tls',
  cert: '--cert',
  key: '--key',
  ca: '--ca',
  servername: '--servername',
  insecure: '--insecure',
}

/** A connection, and whether its writing half can be closed alone. */
export interface Connection {
  readonly stream: Duplex
  readonly halfClose: boolean
}

/** How long a relayed pipe of bytes, which has no half close, may be idle after the end of the other side before it is closed. */
export const PIPE_IDLE_MS = 5000

const isPipe = (address: string): boolean => {
  const { scheme } = parseAddress(address, { where: 'uds' })
  // On Windows a name is a pipe.
  return scheme === 'pipe' || (scheme === 'name' && pipe.capabilities.listen)
}

/** The transport that carries TLS to an address. */
const baseTransport = (address: string): Transport => {
  const { scheme } = parseAddress(address, { where: 'uds' })
  if (isPipe(address)) return pipe
  if (scheme === 'tcp') return tcp
  if (scheme === 'vsock') return vsock
  if (scheme === 'unix' || scheme === 'name') return unix
  throw new CommandFailure(
    USAGE,
    `TLS runs over unix:, pipe:, name:, tcp: and vsock: addresses, not over ${scheme}:`,
  )
}

/** Without --tls, an option of TLS would be ignored, and the connection less safe than the user asked for. */
const rejectWithoutTls = (flags: TlsFlags, names: TlsNames): undefined => {
  const options = ['cert', 'key', 'ca', 'servername', 'insecure'] as const
  const lost = options.find((each) => flags[each] !== undefined)
  if (lost !== undefined) throw new CommandFailure(USAGE, `${names[lost]} means nothing without ${names.tls}`)
}

/** TLS options of a client; reads its files. */
const clientOptions = (address: string, flags: TlsFlags, names: TlsNames): ConnectionOptions => {
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new CommandFailure(USAGE, `${names.cert} FILE and ${names.key} FILE belong together`)
  }
  const parsed = parseAddress(address, { where: 'uds' })
  // An IP address is no server name (RFC 6066, section 3).
  const host = parsed.scheme === 'tcp' && isIP(parsed.host) === 0 ? parsed.host : undefined
  const servername = flags.servername ?? host
  return {
    ...pem(flags, names),
    rejectUnauthorized: !flags.insecure,
    ...(servername !== undefined && { servername }),
  }
}

/** A transport that calls `see` with each connection before TLS wraps it. */
const observeConnections = (transport: Transport, see: (connection: Duplex) => void): Transport => ({
  ...transport,
  connect: async (address, options) => {
    const connection = await transport.connect(address, options)
    see(connection)
    return connection
  },
})

const serverTls = (address: string, flags: TlsFlags, names: TlsNames): Transport => {
  if (flags.cert === undefined || flags.key === undefined) {
    throw new CommandFailure(
      USAGE,
      `listening with ${names.tls} needs ${names.cert} FILE and ${names.key} FILE`,
    )
  }
  // With --ca, clients have to show a certificate.
  const asked = flags.ca === undefined ? {} : { requestCert: true }
  return withTls(rememberClients(baseTransport(address)), { server: { ...pem(flags, names), ...asked } })
}

/** Connects to one address at each call. */
export type Connector = (options?: {
  readonly retryUntilMs?: number
  readonly signal?: AbortSignal
}) => Promise<Connection>

/** Returns the connector of an address. The files of TLS are read once, here. */
export const connector = (address: string, flags: TlsFlags, names: TlsNames = OPTION_NAMES): Connector => {
  const client = flags.tls ? clientOptions(address, flags, names) : rejectWithoutTls(flags, names)
  return async (options = {}) => {
    let halfClose = true
    // A pipe of messages has a half close and is no net.Socket; a pipe of bytes is a net.Socket without half close.
    const see = (connection: Duplex): void => {
      halfClose = !(isPipe(address) && connection instanceof Socket)
    }
    const settings = { allowHalfOpen: true, ...options }
    if (client === undefined) {
      const stream = await connect(address, settings)
      see(stream)
      return { stream, halfClose }
    }
    const transport = withTls(observeConnections(baseTransport(address), see), { client })
    return { stream: await connect(address, { ...settings, transport }), halfClose }
  }
}

/** Listens; its pipes carry messages, and so have a half close. */
export const listenOn = async (
  address: string,
  flags: TlsFlags,
  options: Pick<ListenOptions, 'signal' | 'takeOver' | 'mode' | 'uid' | 'gid'> = {},
  names: TlsNames = OPTION_NAMES,
): Promise<Listener> => {
  const transport = flags.tls ? serverTls(address, flags, names) : rejectWithoutTls(flags, names)
  try {
    return await listen(address, {
      allowHalfOpen: true,
      halfClose: true,
      ...options,
      ...(transport && { transport }),
    })
  } catch (error) {
    throw listenFailure(error)
  }
}

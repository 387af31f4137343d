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
  withTls,
  type Listener,
  type Transport,
} from '@uds/stream'
import { Failure } from '../exit/failure.ts'
import { remembering } from './client-identity.ts'
import { USAGE } from '../terminal/terminal.ts'
import { pem, type TlsFlags, type TlsNames } from './tls-files.ts'

const NAMES: TlsNames = {
  tls: '--tls',
  cert: '--cert',
  key: '--key',
  ca: '--ca',
  servername: '--servername',
  insecure: '--insecure',
}

/** A connection, and whether its writing half can be ended alone. */
export interface End {
  readonly stream: Duplex
  readonly halfClose: boolean
}

/** Where no half can be ended alone: how long the other may be silent before all is closed. */
export const QUIET_MS = 5000

const isPipe = (address: string): boolean => {
  const { scheme } = parseAddress(address, { where: 'uds' })
  // A name is a pipe on the system that has pipes.
  return scheme === 'pipe' || (scheme === 'name' && pipe.capabilities.listen)
}

/** The transport of an address, for TLS over it. */
const below = (address: string): Transport => {
  const { scheme } = parseAddress(address, { where: 'uds' })
  if (isPipe(address)) return pipe
  if (scheme === 'tcp') return tcp
  if (scheme === 'unix' || scheme === 'name') return unix
  throw new Failure(USAGE, `TLS runs over unix:, pipe:, name: and tcp: addresses, not over ${scheme}:`)
}

/** What means something with TLS only would be ignored without, and so the connection be less than was asked for. */
const rejectWithoutTls = (flags: TlsFlags, names: TlsNames): undefined => {
  const options = ['cert', 'key', 'ca', 'servername', 'insecure'] as const
  const lost = options.find((each) => flags[each] !== undefined)
  if (lost !== undefined) throw new Failure(USAGE, `${names[lost]} means nothing without ${names.tls}`)
}

/** What is said when connecting by TLS; its files are read here. */
const clientOptions = (address: string, flags: TlsFlags, names: TlsNames): ConnectionOptions => {
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new Failure(USAGE, `${names.cert} FILE and ${names.key} FILE belong together`)
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

/** A transport that shows each connection it makes, before anything lies over it. */
const shown = (transport: Transport, see: (connection: Duplex) => void): Transport => ({
  ...transport,
  connect: async (address, options) => {
    const connection = await transport.connect(address, options)
    see(connection)
    return connection
  },
})

const serverTls = (address: string, flags: TlsFlags, names: TlsNames): Transport => {
  if (flags.cert === undefined || flags.key === undefined) {
    throw new Failure(USAGE, `listening with ${names.tls} needs ${names.cert} FILE and ${names.key} FILE`)
  }
  // With --ca, clients have to show a certificate.
  const asked = flags.ca === undefined ? {} : { requestCert: true }
  return withTls(remembering(below(address)), { server: { ...pem(flags, names), ...asked } })
}

/** Connects to one address as often as it is called. */
export type Connector = (options?: {
  readonly retryUntilMs?: number
  readonly signal?: AbortSignal
}) => Promise<End>

/** What connects to an address, by TLS where it was asked for. The files of TLS are read once, here. */
export const connector = (address: string, flags: TlsFlags, names: TlsNames = NAMES): Connector => {
  const client = flags.tls ? clientOptions(address, flags, names) : rejectWithoutTls(flags, names)
  return async (options = {}) => {
    let halfClose = true
    // A pipe that carries messages has a half close and is no net.Socket; a pipe of bytes has none, and is one.
    const see = (connection: Duplex): void => {
      halfClose = !(isPipe(address) && connection instanceof Socket)
    }
    const settings = { allowHalfOpen: true, ...options }
    if (client === undefined) {
      const stream = await connect(address, settings)
      see(stream)
      return { stream, halfClose }
    }
    const transport = withTls(shown(below(address), see), { client })
    return { stream: await connect(address, { ...settings, transport }), halfClose }
  }
}

/** What the option --take-over means, of every command that listens. */
export const TAKE_OVER = 'take the socket file from a server that is alive; none of its connections is lost'

/** Listens, by TLS where it was asked for. Its pipes carry messages, and so have a half close. */
export const listenOn = (
  address: string,
  flags: TlsFlags,
  options: { readonly signal?: AbortSignal; readonly takeOver?: boolean | undefined } = {},
  names: TlsNames = NAMES,
): Promise<Listener> => {
  const transport = flags.tls ? serverTls(address, flags, names) : rejectWithoutTls(flags, names)
  return listen(address, {
    allowHalfOpen: true,
    halfClose: true,
    ...options,
    ...(transport && { transport }),
  })
}

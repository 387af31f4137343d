/** The command proxy: relays the clients of one address to another. */
import { Command } from 'commander'
import { resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import { formatAddress, parseAddress } from '@uds/stream'
import { address } from '../arguments/parsers.ts'
import type { Context } from '../terminal/context.ts'
import { explain, CommandFailure } from '../exit/failure.ts'
import { withStopSignal, serveUntilStopped } from '../process/signals.ts'
import { relay } from '../stdio/relay.ts'
import { clientFailure } from '../connection/client-identity.ts'
import { USAGE } from '../exit/exit-codes.ts'
import type { TlsFlags, TlsNames } from '../connection/tls-files.ts'
import { connector, listenOn, TAKE_OVER } from '../connection/transport.ts'

interface Flags {
  readonly verbose?: boolean
  readonly takeOver?: boolean
  readonly listenTls?: boolean
  readonly cert?: string
  readonly key?: string
  readonly clientCa?: string
  readonly connectTls?: boolean
  readonly servername?: string
  readonly ca?: string
  readonly clientCert?: string
  readonly clientKey?: string
  readonly insecure?: boolean
}

/** A copy without the options that are undefined. */
const withoutUndefined = <T extends object>(flags: { readonly [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as T

const LISTEN_OPTION_NAMES: TlsNames = {
  tls: '--listen-tls',
  cert: '--cert',
  key: '--key',
  ca: '--client-ca',
  servername: '--servername',
  insecure: '--insecure',
}
const listenTlsFlags = (flags: Flags): TlsFlags =>
  withoutUndefined<TlsFlags>({ tls: flags.listenTls, cert: flags.cert, key: flags.key, ca: flags.clientCa })

const CONNECT_OPTION_NAMES: TlsNames = {
  ...LISTEN_OPTION_NAMES,
  tls: '--connect-tls',
  cert: '--client-cert',
  key: '--client-key',
  ca: '--ca',
}
const connectTlsFlags = (flags: Flags): TlsFlags =>
  withoutUndefined<TlsFlags>({
    tls: flags.connectTls,
    cert: flags.clientCert,
    key: flags.clientKey,
    ca: flags.ca,
    servername: flags.servername,
    insecure: flags.insecure,
  })

/** An address in a form that can be compared: paths are absolute. */
const comparable = (text: string): string => {
  const parsed = parseAddress(text, { where: 'uds' })
  return formatAddress('path' in parsed ? { ...parsed, path: resolve(parsed.path) } : parsed)
}

/** The first client would make it connect to itself until descriptors run out. */
const rejectItself = (from: string, to: string): void => {
  if (comparable(from) === comparable(to))
    throw new CommandFailure(USAGE, `${to} would be joined to itself: FROM and TO must differ`)
}

/** uds proxy: relays the clients of one address to another. */
export const proxyCommand = (context: Context): Command =>
  new Command('proxy')
    .description('Listen at one address and join every client to another, until it is stopped.')
    .argument('<from>', 'where to listen', address)
    .argument('<to>', 'where to connect for each client', address)
    .option('-v, --verbose', 'print every connection')
    .option('--take-over', TAKE_OVER)
    .option('--listen-tls', 'clients speak TLS')
    .option('--cert <file>', 'certificate for --listen-tls, PEM')
    .option('--key <file>', 'private key for --listen-tls, PEM')
    .option(
      '--client-ca <file>',
      'certificates of authorities, PEM: clients must show a certificate of theirs',
    )
    .option('--connect-tls', 'speak TLS to the server')
    .option(
      '--servername <name>',
      'the name that its certificate must have (default: the host of a tcp: address, or localhost)',
    )
    .option('--ca <file>', 'certificates of authorities for --connect-tls, PEM')
    .option('--client-cert <file>', 'certificate to show to the server, PEM')
    .option('--client-key <file>', 'its private key, PEM')
    .option('--insecure', 'accept any certificate of the server')
    .addHelpText(
      'after',
      `
Examples:
  $ uds proxy tcp:127.0.0.1:2375 unix:/run/docker.sock
  $ uds proxy unix:./docker.sock pipe:docker_engine
  $ uds proxy --listen-tls --cert cert.pem --key key.pem tcp:0.0.0.0:8443 unix:./web.sock
  $ uds proxy --connect-tls unix:./web.sock tcp:example.com:443`,
    )
    .action(async (from: string, to: string, flags: Flags) => {
      await withStopSignal(async (stop) => {
        rejectItself(from, to)
        const connect = connector(to, connectTlsFlags(flags), CONNECT_OPTION_NAMES)
        const { signal } = stop
        const listener = await listenOn(
          from,
          listenTlsFlags(flags),
          { signal, takeOver: flags.takeOver },
          LISTEN_OPTION_NAMES,
        )
        const out = context.output()
        let clients = 0
        const serve = async (client: Duplex): Promise<void> => {
          const number = (clients += 1)
          try {
            const server = await connect({ signal: stop.signal })
            const { forth, back } = await relay({ stream: client, halfClose: true }, server)
            if (!flags.verbose) return
            out.note(`client ${number}: ${forth} bytes forth, ${back} back`, { client: number, forth, back })
          } catch (error) {
            client.destroy()
            out.note(`client ${number}: ${explain(error)}`, { client: number, error: explain(error) })
          }
        }
        const served = new WeakSet<Duplex>()
        listener.on('connection', (client) => {
          served.add(client)
          void serve(client)
        })
        // A connection that failed in its TLS handshake was never served; `serve` reports the others.
        listener.on('connectionError', (error, connection) => {
          if (connection === undefined || !served.has(connection))
            out.note(...clientFailure(error, connection))
        })
        out.note(`listening on ${listener.address}, joined to ${to}`, { listening: listener.address, to })
        await serveUntilStopped(stop, listener)
      })
    })

/** The command proxy: relays the clients of one address to another. */
import { Command } from 'commander'
import type { Duplex } from 'node:stream'
import { addressArgument } from '../arguments/addresses.ts'
import { group, mode, user } from '../arguments/owner.ts'
import { TAKE_OVER } from '../arguments/take-over.ts'
import type { Context } from '../terminal/context.ts'
import { explain } from '../exit/failure.ts'
import { withStopSignal, serveUntilStopped } from '../process/signals.ts'
import type { TlsFlags, TlsNames } from '../connection/tls-files.ts'

interface Flags {
  readonly verbose?: boolean
  readonly descriptors?: boolean
  readonly mode?: number
  readonly user?: number
  readonly group?: number
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

const IDENTITY = `
The server sees the proxy as its client: the user and the process of "uds proxy", whoever has connected to it. A server that
admits by the user of the socket (PostgreSQL "peer", MariaDB "unix_socket", D-Bus EXTERNAL, authorize) admits every client of
the proxy if it admits the proxy. --mode, --user and --group say who may connect to the proxy.`

/** uds proxy: relays the clients of one address to another. */
export const proxyCommand = (context: Context): Command =>
  new Command('proxy')
    .addArgument(addressArgument('<from>', 'where to listen'))
    .addArgument(addressArgument('<to>', 'where to connect for each client'))
    .option('-v, --verbose', 'print every connection')
    .option('--take-over', TAKE_OVER)
    .option('--descriptors', 'pass descriptors on, too (SCM_RIGHTS): AF_UNIX on both sides, Linux and macOS')
    .option('--mode <octal>', 'permissions of the socket file, as 660 (default: what the umask leaves)', mode)
    .option('--user <name>', 'its owner, a name or a number; takes the right to change it', user)
    .option('--group <name>', 'its group, a name or a number', group)
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
      `${IDENTITY}

Examples:
  $ uds proxy tcp:127.0.0.1:2375 unix:/run/docker.sock
  $ uds proxy unix:./docker.sock pipe:docker_engine
  $ uds proxy --listen-tls --cert cert.pem --key key.pem tcp:0.0.0.0:8443 unix:./web.sock
  $ uds proxy --connect-tls unix:./web.sock tcp:example.com:443
  $ uds proxy --descriptors --mode 600 unix:./bus unix:/run/user/1000/bus`,
    )
    .action(async (from: string, to: string, flags: Flags) => {
      await withStopSignal(async (stop) => {
        const { joinStreams, rejectItself, requireDescriptorWay } = await import('../stdio/proxy-ends.ts')
        const { connector, listenOn } = await import('../connection/transport.ts')
        const { clientFailure } = await import('../connection/client-identity.ts')
        rejectItself(from, to)
        if (flags.descriptors) requireDescriptorWay([from, to], flags.listenTls || flags.connectTls)
        const connect = connector(to, connectTlsFlags(flags), CONNECT_OPTION_NAMES)
        const { signal } = stop
        const listener = await listenOn(
          from,
          listenTlsFlags(flags),
          { signal, takeOver: flags.takeOver, mode: flags.mode, uid: flags.user, gid: flags.group },
          LISTEN_OPTION_NAMES,
        )
        const out = context.output()
        let clients = 0
        const join = flags.descriptors
          ? (await import('../stdio/relay-descriptors.ts')).joinWithDescriptors
          : joinStreams
        const serve = async (client: Duplex): Promise<void> => {
          const number = (clients += 1)
          try {
            const { text, ...relayed } = await join(client, () => connect({ signal: stop.signal }))
            if (flags.verbose) out.note(`client ${number}: ${text}`, { client: number, ...relayed })
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

/** The command connect: standard input and output over a connection. */
import { Command, Option } from 'commander'
import { addressArgument } from '../arguments/addresses.ts'
import { milliseconds } from '../arguments/parsers.ts'
import type { Context } from '../terminal/context.ts'
import type { ViewFlags } from '../stdio/received-bytes.ts'
import type { TlsFlags } from '../connection/tls-files.ts'

interface Flags extends TlsFlags, ViewFlags {
  readonly retry?: number
  readonly halfClose?: boolean
  readonly idle?: number
}

/** Silence of the server after the end of input, in milliseconds. */
const IDLE_MS = 1000

/** uds connect: standard input and output over a connection. */
export const connectCommand = (context: Context): Command =>
  new Command('connect')
    .addArgument(addressArgument('<address>', 'where to connect'))
    .option('--retry <ms>', 'go on trying for so long, until the server is there', milliseconds)
    .option('-N, --half-close', 'end this half of the connection at the end of standard input')
    .option(
      '--idle <ms>',
      `after the end of standard input, end when the server has sent nothing for so long (default: ${IDLE_MS}; with -N, wait for its end)`,
      milliseconds,
    )
    .addOption(new Option('--lines', 'show received bytes line by line').conflicts('hex'))
    .option('--hex', 'show received bytes as a hex dump')
    .option('--tls', 'speak TLS')
    .option(
      '--servername <name>',
      'the name that the certificate must have (default: the host of a tcp: address, or localhost)',
    )
    .option('--ca <file>', 'certificates of authorities, PEM')
    .option('--cert <file>', 'certificate of this client, PEM')
    .option('--key <file>', 'private key of this client, PEM')
    .option('--insecure', 'accept any certificate')
    .addHelpText(
      'after',
      `
At the end of standard input the connection stays open, since many servers drop a request whose client has half closed.
The command ends when the server has ended, or has sent nothing for --idle milliseconds: then it ends its half of the
connection, and after as long again the whole. With -N it ends its half at once, as nc -N does, and waits for the server.
With --json, received bytes are {"data": BASE64}.

Examples:
  $ echo hello | uds connect unix:./a.sock
  $ printf 'GET /info HTTP/1.0\\r\\n\\r\\n' | uds connect unix:/run/docker.sock
  $ tar c src | uds connect -N unix:./backup.sock
  $ uds connect --retry 5000 --hex name:chat`,
    )
    .action(async (to: string, flags: Flags) => {
      const { connector } = await import('../connection/transport.ts')
      const { connectStdio } = await import('../stdio/stdio.ts')
      const options = flags.retry === undefined ? {} : { retryUntilMs: flags.retry }
      const connection = await connector(to, flags)(options)
      const halfClose = flags.halfClose === true && connection.halfClose
      const idleMs = flags.idle ?? (halfClose ? undefined : IDLE_MS)
      await connectStdio(connection, { halfClose, idleMs }, flags, context)
    })

/** The command listen: standard input and output over the connection of a client. */
import { Command, Option } from 'commander'
import type { Duplex } from 'node:stream'
import { addressArgument } from '../arguments/addresses.ts'
import { TAKE_OVER } from '../arguments/take-over.ts'
import type { Context } from '../terminal/context.ts'
import { withStopSignal } from '../process/signals.ts'
import type { ViewFlags } from '../stdio/received-bytes.ts'
import type { TlsFlags } from '../connection/tls-files.ts'

interface Flags extends TlsFlags, ViewFlags {
  readonly keep?: boolean
  readonly takeOver?: boolean
}

/** A client that hears the end of the server knows that nothing follows. */
const END_OF_INPUT = { halfClose: true, idleMs: undefined } as const

/** uds listen: standard input and output over the connection of a client. */
export const listenCommand = (context: Context): Command =>
  new Command('listen')
    .addArgument(addressArgument('<address>', 'where to listen'))
    .option('-k, --keep', 'wait for the next client when one has gone')
    .option('--take-over', TAKE_OVER)
    .addOption(new Option('--lines', 'show received bytes line by line').conflicts('hex'))
    .option('--hex', 'show received bytes as a hex dump')
    .option('--tls', 'speak TLS')
    .option('--cert <file>', 'certificate, PEM')
    .option('--key <file>', 'private key, PEM')
    .option('--ca <file>', 'certificates of authorities, PEM: clients must show a certificate of theirs')
    .addHelpText(
      'after',
      `
Without --keep, nobody else can connect as soon as one client is there.
With --json, received bytes are {"data": BASE64}.

Examples:
  $ echo hi | uds listen unix:./a.sock
  $ uds listen --keep --lines name:log
  $ uds listen --tls --cert cert.pem --key key.pem tcp:127.0.0.1:8443`,
    )
    .action(async (at: string, flags: Flags) => {
      await withStopSignal(async (stop) => {
        const { listenOn } = await import('../connection/transport.ts')
        const { clientFailure } = await import('../connection/client-identity.ts')
        const { connectStdio } = await import('../stdio/stdio.ts')
        const listener = await listenOn(at, flags, { signal: stop.signal, takeOver: flags.takeOver })
        stop.signal.addEventListener('abort', () => void listener.close())
        const out = context.output()
        const brokeOff = (error: Error, connection?: Duplex): void =>
          out.note(...clientFailure(error, connection))
        out.note(`listening on ${listener.address}`, { listening: listener.address })
        const served = new WeakSet<Duplex>()
        // A connection that failed in its TLS handshake was never served.
        listener.on('connectionError', (error, connection) => {
          if (connection === undefined || !served.has(connection)) brokeOff(error, connection)
        })
        try {
          for await (const stream of listener) {
            served.add(stream)
            if (!flags.keep) void listener.close({ graceMs: Infinity })
            try {
              await connectStdio({ stream, halfClose: true }, END_OF_INPUT, flags, context)
            } catch (error) {
              if (!flags.keep && !stop.signal.aborted) throw error
              brokeOff(error as Error)
            }
            if (!flags.keep) break
          }
        } finally {
          await listener.close()
        }
      })
    })

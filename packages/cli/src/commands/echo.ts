/** The command echo: a server that sends the bytes of each client back. */
import { Command } from 'commander'
import { address } from '../arguments/parsers.ts'
import type { Context } from '../terminal/context.ts'
import { clientFailure } from '../connection/client-identity.ts'
import { withStopSignal, serveUntilStopped } from '../process/signals.ts'
import { listenOn, TAKE_OVER } from '../connection/transport.ts'

/** uds echo: sends the bytes of each client back. */
export const echoCommand = (context: Context): Command =>
  new Command('echo')
    .description('Send back what clients send, until it is stopped.')
    .argument('<address>', 'where to listen', address)
    .option('--take-over', TAKE_OVER)
    .addHelpText('after', '\nExamples:\n  $ uds echo tcp:127.0.0.1:0\n  $ uds echo unix:@echo')
    .action(async (at: string, flags: { readonly takeOver?: boolean }) => {
      await withStopSignal(async (stop) => {
        const listener = await listenOn(at, {}, { signal: stop.signal, takeOver: flags.takeOver })
        const out = context.output()
        listener.on('connection', (connection) => connection.pipe(connection))
        listener.on('connectionError', (error) => out.note(...clientFailure(error)))
        out.note(`listening on ${listener.address}`, { listening: listener.address })
        await serveUntilStopped(stop, listener)
      })
    })

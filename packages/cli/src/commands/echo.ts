/** The command echo: a server that sends the bytes of each client back. */
import { Command } from 'commander'
import { addressArgument } from '../arguments/addresses.ts'
import { TAKE_OVER } from '../arguments/take-over.ts'
import type { Context } from '../terminal/context.ts'
import { withStopSignal, serveUntilStopped } from '../process/signals.ts'

/** uds echo: sends the bytes of each client back. */
export const echoCommand = (context: Context): Command =>
  new Command('echo')
    .addArgument(addressArgument('<address>', 'where to listen'))
    .option('--take-over', TAKE_OVER)
    .addHelpText('after', '\nExamples:\n  $ uds echo tcp:127.0.0.1:0\n  $ uds echo unix:@echo')
    .action(async (at: string, flags: { readonly takeOver?: boolean }) => {
      await withStopSignal(async (stop) => {
        const { listenOn } = await import('../connection/transport.ts')
        const { clientFailure } = await import('../connection/client-identity.ts')
        const listener = await listenOn(at, {}, { signal: stop.signal, takeOver: flags.takeOver })
        const out = context.output()
        listener.on('connection', (connection) => connection.pipe(connection))
        listener.on('connectionError', (error) => out.note(...clientFailure(error)))
        out.note(`listening on ${listener.address}`, { listening: listener.address })
        await serveUntilStopped(stop, listener)
      })
    })

/** The command line: a line server. */
import { Command } from 'commander'
import type { Context } from '../terminal/context.ts'
import { withStopSignal, untilAborted } from '../process/signals.ts'

interface Flags {
  readonly ack?: boolean
  readonly ackMessage?: string
  readonly broadcast?: boolean
}

/** uds line: the line server of py-unix-socket. */
export const lineCommand = (context: Context): Command =>
  new Command('line')
    .argument('[path]', 'path or address (default: /tmp/unix_socket.sock)')
    .option('--ack', 'acknowledge every line')
    .option(
      '--ack-message <text>',
      'what to acknowledge with, "\\n" being the end of a line (default: "__ACK__\\n")',
    )
    .option('--broadcast', 'send every line to all other clients')
    .addHelpText(
      'after',
      '\nExamples:\n  $ uds line unix:./lines.sock --ack --broadcast\n  $ uds line tcp:127.0.0.1:7000 --json | jq .line',
    )
    .action(async (path: string | undefined, flags: Flags) => {
      await withStopSignal(async (stop) => {
        const out = context.output()
        const { LineServer } = await import('@uds/events')
        const server = new LineServer({
          path,
          withAck: flags.ack ?? flags.ackMessage !== undefined,
          // A shell has no easy way to write the end of a line.
          ackMessage: flags.ackMessage?.replaceAll(String.raw`\n`, '\n'),
          withBroadcast: flags.broadcast ?? false,
          handler: (line) => out.result(line, { line }),
          logger: {
            info: () => {},
            error: (message) => out.note(message, { error: message }),
          },
        })
        await server.run()
        out.note(`listening on ${server.path}`, { listening: server.path })
        await untilAborted(stop.signal)
        await server.shutdown()
      })
    })

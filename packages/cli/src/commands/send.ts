/** The command send: sends one acknowledged event. */
import { Command } from 'commander'
import { milliseconds } from '../arguments/parsers.ts'
import type { Context } from '../terminal/context.ts'
import { readData } from '../arguments/data.ts'
import { linkerFailure, withLinker, type UnixeventsFlags } from '../unixevents/linker.ts'

interface Flags extends UnixeventsFlags {
  readonly token?: string
}

/** uds send: sends one acknowledged event. */
export const sendCommand = (context: Context): Command =>
  new Command('send')
    .argument('<channel>', 'name or address of the channel; with --unixevents its name')
    .argument('<event>', 'name of the event')
    .argument('[data]', 'JSON, or text; standard input with "-"')
    .option('--token <token>', 'what the server wants to see')
    .option('--unixevents', 'a channel of unixevents, where "written" is all that can be known')
    .option('--directory <path>', 'with --unixevents: where its sockets lie, in place of /tmp')
    .option('--timeout <ms>', 'how long the server may take to appear', milliseconds, 5000)
    .addHelpText(
      'after',
      '\nExamples:\n  $ uds send chat say \'{"text":"hi"}\'\n  $ uds send --unixevents Channel1 event-s-a hello\n  $ date | uds send chat say -',
    )
    .action(async (channel: string, event: string, text: string | undefined, flags: Flags) => {
      const data = await readData(text, context.terminal.stdin)
      if (flags.unixevents) {
        await withLinker(channel, flags, async (linker) => {
          if (!(await linker.sendSync(event, data)))
            throw linkerFailure(linker, 'the event could not be sent')
        })
      } else await sendNative(channel, event, data, flags)
      context.output().result(`sent ${event}`, { sent: event })
    })

const sendNative = async (
  channel: string,
  event: string,
  data: unknown,
  { timeout, token }: Flags,
): Promise<void> => {
  const { EventClient } = await import('@uds/events')
  const client = await EventClient.connect(channel, { retryUntilMs: timeout, reconnect: false, token })
  try {
    await client.send(event, data)
  } finally {
    await client.close()
  }
}

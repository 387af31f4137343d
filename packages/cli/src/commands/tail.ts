/** The command tail: prints the events of a channel. */
import { Command } from 'commander'
import { count, milliseconds, collect } from '../arguments/parsers.ts'
import { printable, printableJson } from '../terminal/printable.ts'
import type { Context } from '../terminal/context.ts'
import { CommandFailure } from '../exit/failure.ts'
import { withStopSignal, untilAborted } from '../process/signals.ts'
import { FAILED, USAGE } from '../exit/exit-codes.ts'
import { withLinker, type UnixeventsFlags } from '../unixevents/linker.ts'

interface Flags extends UnixeventsFlags {
  readonly room?: readonly string[]
  readonly token?: string
  readonly count?: number
}

/** uds tail: prints the events of a channel. */
export const tailCommand = (context: Context): Command =>
  new Command('tail')
    .argument('<channel>', 'name or address of the channel; with --unixevents its name')
    .argument('[events...]', 'only these (default: all of them; needed with --unixevents)')
    .option('--room <name>', 'join this room; several times', collect)
    .option('--token <token>', 'what the server wants to see')
    .option('--unixevents', 'a channel of unixevents')
    .option('--directory <path>', 'with --unixevents: where its sockets lie, in place of /tmp')
    .option('-n, --count <n>', 'end after so many', count)
    .option('--timeout <ms>', 'how long the server may take to appear', milliseconds, 5000)
    .addHelpText(
      'after',
      '\nExamples:\n  $ uds tail chat\n  $ uds tail --json --count 1 name:chat say\n  $ uds tail --unixevents Channel1 event-c-a',
    )
    .action(async (channel: string, events: readonly string[], flags: Flags) => {
      await withStopSignal(async (stop) => {
        const enough = new AbortController()
        const out = context.output()
        let printed = 0
        const print = (event: string, data: unknown): void => {
          if (enough.signal.aborted || (events.length > 0 && !events.includes(event))) return
          out.result(data === undefined ? printable(event) : `${printable(event)} ${printableJson(data)}`, {
            event,
            data,
          })
          printed += 1
          if (printed === flags.count) enough.abort()
        }
        const follow = flags.unixevents ? followUnixevents : followNative
        await follow({
          channel,
          events,
          flags,
          print,
          ended: AbortSignal.any([stop.signal, enough.signal]),
          note: (text) => out.note(text, { note: text }),
        })
      })
    })

interface TailRequest {
  readonly channel: string
  readonly events: readonly string[]
  readonly flags: Flags
  readonly ended: AbortSignal
  print(event: string, data: unknown): void
  note(text: string): void
}

const followNative = async ({ channel, flags, print, ended, note }: TailRequest): Promise<void> => {
  const { timeout, token, room: rooms = [] } = flags
  const { EventClient } = await import('@uds/events')
  const client = await EventClient.connect(channel, { retryUntilMs: timeout, token })
  const over = new AbortController()
  let reason: Error | undefined
  let leaving = false
  client.use((message, next) => {
    print(message.name, message.data)
    return next()
  })
  client.on('disconnect', () => {
    if (!leaving) note(`lost ${channel}, trying again`)
  })
  const join = async (): Promise<void> => {
    for (const room of rooms) await client.join(room)
  }
  // A server that was restarted does not know the rooms of its clients.
  client.on('connect', () => {
    note(`connected to ${channel} again`)
    join().catch((error: Error) => note(error.message))
  })
  client.on('close', (error: Error | undefined) => {
    reason = error
    over.abort()
  })
  try {
    await join()
    note(`connected to ${channel}`)
    await untilAborted(AbortSignal.any([ended, over.signal]))
    if (over.signal.aborted)
      throw new CommandFailure(FAILED, reason?.message ?? 'the server has ended the connection')
  } finally {
    leaving = true
    await client.close()
  }
}

const followUnixevents = async ({
  channel,
  events,
  flags,
  print,
  ended,
  note,
}: TailRequest): Promise<void> => {
  if (events.length === 0) {
    throw new CommandFailure(
      USAGE,
      'unixevents sends only what is listened for: uds tail --unixevents CHANNEL EVENT...',
    )
  }
  await withLinker(
    channel,
    flags,
    async () => {
      note(`connected to ${channel}`)
      await untilAborted(ended)
    },
    (linker) => {
      for (const event of events) linker.receive(event, (data) => print(event, data))
    },
  )
}

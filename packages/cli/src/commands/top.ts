/** The command top: how the server of a channel is, live. */
import { Command } from 'commander'
import { channelArgument } from '../arguments/addresses.ts'
import { count, milliseconds } from '../arguments/parsers.ts'
import { withStopSignal } from '../process/signals.ts'
import { printable } from '../terminal/printable.ts'
import type { Context } from '../terminal/context.ts'

interface Flags {
  readonly interval: number
  readonly count?: number
  readonly token?: string
  readonly timeout: number
}

interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** uds top: what the server of an event channel does, live. */
export const topCommand = (context: Context): Command =>
  new Command('top')
    .addArgument(channelArgument('<channel>', 'name or address of the channel'))
    .option('--interval <ms>', 'how often it is asked', milliseconds, 1000)
    .option('-n, --count <n>', 'end after so many reports', count)
    .option('--token <token>', 'what the server wants to see')
    .option('--timeout <ms>', 'how long the server may take to appear', milliseconds, 5000)
    .addHelpText(
      'after',
      `
Peers, events and requests a second, how long their handlers took (since the report before), what waits, errors. The server
counts from the first question on, and stops when nobody asks. It answers processes of its own user.
On a terminal the screen is drawn anew each time; otherwise there are lines, or with --json one report a line.

Examples:
  $ uds top chat
  $ uds top --interval 5000 name:chat >> chat.log
  $ uds top --json --count 1 chat | jq .report.peerCount`,
    )
    .action(async (channel: string, flags: Flags) => {
      const { follow } = await import('../top/follow.ts')
      const { lines, screen } = await import('../top/sections.ts')
      await withStopSignal(async (stop) => {
        const out = context.output()
        const terminal = context.terminal.stdout as Screen
        const live = terminal.isTTY === true && !out.json
        const { createLogUpdate } = await import('log-update')
        const update = live ? createLogUpdate(context.terminal.stdout as NodeJS.WriteStream) : undefined
        const styles = {
          bold: (text: string) => out.paint('bold', text),
          dim: (text: string) => out.paint('dim', text),
          red: (text: string) => out.paint('red', text),
        }
        let shown = 0
        try {
          for await (const view of follow({
            channel,
            token: flags.token,
            intervalMs: flags.interval,
            timeoutMs: flags.timeout,
            signal: stop.signal,
            away: (reason) => {
              const text = `no report: ${reason.message}`
              if (update) update(printable(text))
              else out.note(text, { note: text })
            },
          })) {
            if (update) update(screen(view, terminal.rows ?? 24, terminal.columns ?? 80, styles))
            else if (out.json) out.result('', { report: view.report, rates: view.rates })
            else for (const line of lines(view)) out.result(line, undefined)
            shown += 1
            if (shown === flags.count) break
          }
        } finally {
          update?.done()
        }
      })
    })

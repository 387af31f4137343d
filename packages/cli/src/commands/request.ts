/** The command request: sends a request, prints its replies. */
import { Command } from 'commander'
import { channelArgument } from '../arguments/addresses.ts'
import { milliseconds } from '../arguments/parsers.ts'
import { printableJson } from '../terminal/printable.ts'
import type { Context } from '../terminal/context.ts'
import { readData } from '../arguments/data.ts'

interface Flags {
  readonly stream?: boolean
  readonly token?: string
  readonly timeout: number
}

/** uds request: sends a request and prints its replies. */
export const requestCommand = (context: Context): Command =>
  new Command('request')
    .addArgument(channelArgument('<channel>', 'name or address of the channel'))
    .argument('<name>', 'name of the request')
    .argument('[input]', 'JSON, or text; standard input with "-"')
    .option('--stream', 'the answer is a stream: print each of its values')
    .option('--token <token>', 'what the server wants to see')
    .option(
      '--timeout <ms>',
      'how long the server may take to appear, and then to answer',
      milliseconds,
      5000,
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ uds request chat who\n  $ uds request --stream name:chat count 10\n  $ uds request chat add \'{"a":1,"b":2}\'',
    )
    .action(async (at: string, name: string, text: string | undefined, flags: Flags) => {
      const input = await readData(text, context.terminal.stdin)
      const out = context.output()
      const print = (value: unknown): void =>
        void out.result(value === undefined ? 'undefined' : printableJson(value), { value })
      const { token } = flags
      const { EventClient } = await import('@uds/events')
      const client = await EventClient.connect(at, { retryUntilMs: flags.timeout, reconnect: false, token })
      try {
        if (flags.stream) for await (const value of client.stream(name, input)) print(value)
        else print(await client.request(name, input, { timeoutMs: flags.timeout }))
      } finally {
        await client.close()
      }
    })

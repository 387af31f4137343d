/** The command examples: runs the examples of unixevents. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Argument, Command } from 'commander'
import { withStopSignal } from '../process/signals.ts'
import type { Context } from '../terminal/context.ts'
import type { Example } from '../examples/example.ts'
import { explain, CommandFailure } from '../exit/failure.ts'
import { FAILED } from '../exit/exit-codes.ts'
import type { Output } from '../terminal/terminal.ts'

const examples: readonly (() => Promise<Example>)[] = [
  async () => (await import('../examples/basic.ts')).basic,
  async () => (await import('../examples/async-initialisation.ts')).asyncInitialisation,
  async () => (await import('../examples/advanced.ts')).advanced,
  async () => (await import('../examples/sync-async.ts')).syncAndAsync,
]
const numbers = examples.map((_, index) => String(index + 1))

/** Each example takes less than a second on an idle machine. */
const TIMEOUT_MS = 15_000

/** Runs one example; resolves with the failure in words, or undefined. */
const runExample = async (
  number: string,
  { title, run }: Example,
  directory: string,
  out: Output,
): Promise<string | undefined> => {
  out.result(out.paint('bold', `--- ${number}. ${title}`), { example: Number(number), title })
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new CommandFailure(FAILED, `it did not end within ${TIMEOUT_MS} ms`))
  }, TIMEOUT_MS)
  const print = (text: string, ...value: [unknown?]): void =>
    void out.result([text, ...value.map((each) => JSON.stringify(each))].join(' '), {
      example: Number(number),
      text,
      ...(value.length > 0 && { value: value[0] }),
    })
  try {
    await Promise.race([run({ channel: `example-${number}`, options: { directory }, print }), late.promise])
    return undefined
  } catch (error) {
    return `example ${number}: ${explain(error)}`
  } finally {
    clearTimeout(timer)
  }
}

/** uds examples: runs the examples of unixevents. */
export const examplesCommand = (context: Context): Command =>
  new Command('examples')
    .addArgument(new Argument('[number]', 'the number of one example (default: all)').choices(numbers))
    .addHelpText('after', '\nExamples:\n  $ uds examples\n  $ uds examples 3')
    .action(async (number: string | undefined) => {
      const out = context.output()
      // Channels of other programs stand in /tmp: a fresh directory has none.
      const directory = mkdtempSync(join(tmpdir(), 'uds-'))
      const failures: string[] = []
      try {
        await withStopSignal(async ({ signal }) => {
          for (const each of number === undefined ? numbers : [number]) {
            if (signal.aborted) break
            const failure = await runExample(each, await examples[Number(each) - 1]!(), directory, out)
            if (failure !== undefined) failures.push(failure)
          }
        })
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
      if (failures.length > 0) throw new CommandFailure(FAILED, failures.join('\n'))
    })

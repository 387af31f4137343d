/** run: parses the arguments, runs the command, returns the exit code. */
import { CommanderError, type Command } from 'commander'
import { codeOf, exitCodeOf, explain } from './exit/failure.ts'
import { createProgram } from './program.ts'
import { isCompletion } from './completion.ts'
import { commandNamed, isHelpOfAll, rejectUnknownHelp } from './unknown-command.ts'
import { OK, USAGE } from './exit/exit-codes.ts'
import { printableJson, printableLines } from './terminal/printable.ts'
import { paint, type Terminal } from './terminal/terminal.ts'

/** The help of the command and of all below it, one after the other. */
const printHelpOfAll = (command: Command): void => {
  command.outputHelp()
  for (const each of command.createHelp().visibleCommands(command)) {
    if (each.name() === 'help') continue
    command.configureOutput().writeOut?.(`\n${'-'.repeat(80)}\n\n`)
    printHelpOfAll(each)
  }
}

/**
 * Runs the command `uds`.
 *
 * @param args - The arguments, without those of Node.
 * @param terminal - Where it reads and writes; this process by default. Guests of `uds wasm run` always have the
 *   standard streams of the process.
 * @returns The exit code: 0, 1 when it failed, 2 when it was called wrongly, or that of a guest. It never rejects.
 */
export const run = async (args: readonly string[], terminal: Terminal = process): Promise<number> => {
  let exitCode = OK
  const named = commandNamed(args)
  const helpOfAll = isHelpOfAll(args)
  const wanted = helpOfAll || isCompletion(named) ? 'all' : named === undefined ? [] : [named]
  const { program, json } = await createProgram(terminal, (code) => (exitCode = code), wanted)
  if (helpOfAll) {
    printHelpOfAll(program)
    return OK
  }
  try {
    await program.parseAsync([...rejectUnknownHelp(program, args)], { from: 'user' })
    return exitCode
  } catch (error) {
    // commander has printed the text; --help and --version are errors of exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : USAGE
    const text = explain(error)
    if (json()) terminal.stderr.write(`${printableJson({ error: text, code: codeOf(error) })}\n`)
    else terminal.stderr.write(`${paint('red', 'uds:', terminal.stderr)} ${printableLines(text)}\n`)
    return exitCodeOf(error)
  }
}

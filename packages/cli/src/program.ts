/** The tree of commands, with help and usage errors. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { checkAddresses } from './arguments/addresses.ts'
import { addCompletion } from './completion.ts'
import { commands, type CommandEntry, type Wanted } from './commands/table.ts'
import type { Context } from './terminal/context.ts'
import { Output, paint, type Terminal } from './terminal/terminal.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const HELP = `
Addresses:
  unix:PATH         a Unix domain socket, on Windows too; unix:@NAME is abstract (Linux)
  pipe:NAME         a named pipe (Windows)
  name:NAME         the safe place of this user for a bare name
  tcp:HOST:PORT     TCP
  fd:N              a socket that this process was given (not on Windows)

Examples:
  $ uds doctor                                  what this machine can do
  $ uds listen unix:./a.sock                    waits for one client, like nc -lU
  $ uds connect unix:./a.sock                   types into it
  $ uds proxy tcp:127.0.0.1:8080 unix:./a.sock  TCP to a socket
  $ uds tail name:chat                          prints what is sent on an event channel
  $ uds help --all                              the help of every command

Exit codes: 0, 1 when it failed, 2 when it was called wrongly, and those of guests.`

const commandOf = async (
  { name, summary, load }: CommandEntry,
  wanted: Wanted,
  context: Context,
): Promise<Command> => {
  const isWanted = wanted === 'all' || wanted.includes(name)
  const command = isWanted ? (await load())(context) : new Command(name)
  return command.description(summary)
}

/** commander does not pass the settings of a command on to its subcommands by itself. */
const inherit = (command: Command, from: Command): Command => {
  command.copyInheritedSettings(from)
  for (const each of command.commands) inherit(each, command)
  return command
}

/** The command uds. */
export interface Program {
  readonly program: Command
  /** Whether --json is set; known when the arguments are parsed. */
  json(): boolean
}

/**
 * Returns the command uds with its subcommands.
 *
 * @param wanted - Those whose arguments and options are needed.
 */
export const createProgram = async (
  terminal: Terminal,
  exit: (code: number) => void,
  wanted: Wanted,
): Promise<Program> => {
  const program = new Command('uds')
  const json = (): boolean => program.opts<{ json?: boolean }>().json === true
  program
    .description('Local sockets, named pipes, event channels and WASI guests from the shell.')
    .version(version)
    // Arguments and options of a command are known when it is loaded: its own help has them.
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .option('--json', 'results, and what happens beside them, as one JSON value a line')
    .addHelpText('after', HELP)
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: (text, write) => {
        // Removes the words that commander puts around the message of a parser.
        const message = text
          .replace(/^error: /, '')
          .replace(/^command-argument value '.*' is invalid for argument '(.*?)'\. /, '<$1>: ')
          .trimEnd()
        if (json()) write(`${JSON.stringify({ error: message, code: 'ERR_USAGE' })}\n`)
        else write(`${paint('red', 'uds:', terminal.stderr)} ${message}\n(see uds --help)\n`)
      },
    })
    .exitOverride()
    .hook('preAction', async (_, command) => await checkAddresses(command))
  const context: Context = { terminal, exit, output: () => new Output(terminal, json()) }
  for (const entry of commands) program.addCommand(inherit(await commandOf(entry, wanted, context), program))
  await addCompletion(program, wanted)
  return { program, json }
}

/** The tree of commands, with help and usage errors. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { connectCommand } from './commands/connect.ts'
import { doctorCommand } from './commands/doctor.ts'
import { echoCommand } from './commands/echo.ts'
import { examplesCommand } from './commands/examples.ts'
import { lineCommand } from './commands/line.ts'
import { listenCommand } from './commands/listen.ts'
import { lsCommand } from './commands/ls.ts'
import { proxyCommand } from './commands/proxy.ts'
import { requestCommand } from './commands/request.ts'
import { sendCommand } from './commands/send.ts'
import { tailCommand } from './commands/tail.ts'
import { wasmCommand } from './commands/wasm.ts'
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

Exit codes: 0, 1 when it failed, 2 when it was called wrongly, and those of guests.`

// Each action imports events or guests when it runs: loading both takes a third of the time that a command starts in.
const commands = [
  doctorCommand,
  listenCommand,
  connectCommand,
  echoCommand,
  proxyCommand,
  lsCommand,
  sendCommand,
  tailCommand,
  requestCommand,
  lineCommand,
  examplesCommand,
  wasmCommand,
] satisfies readonly ((context: Context) => Command)[]

/** commander does not pass the settings of a command on to its subcommands by itself. */
const inherit = (command: Command, from: Command): Command => {
  command.copyInheritedSettings(from)
  for (const each of command.commands) inherit(each, command)
  return command
}

/** Returns the command uds with all subcommands. */
export const createProgram = (
  terminal: Terminal,
  exit: (code: number) => void,
): { readonly program: Command; json(): boolean } => {
  const program = new Command('uds')
  const json = (): boolean => program.opts<{ json?: boolean }>().json === true
  program
    .description('Local sockets, named pipes, event channels and WASI guests from the shell.')
    .version(version)
    .configureHelp({ showGlobalOptions: true })
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
  const context: Context = { terminal, exit, output: () => new Output(terminal, json()) }
  for (const make of commands) program.addCommand(inherit(make(context), program))
  return { program, json }
}

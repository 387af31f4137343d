/** The command wasm: its subcommands run, serve and inspect. */
import { Command } from 'commander'
import type { Context } from '../terminal/context.ts'
import { inspectCommand } from '../wasm/inspect.ts'
import { runCommand } from '../wasm/run.ts'
import { serveCommand } from '../wasm/serve.ts'

/** uds wasm: runs, serves and inspects WASI guests. */
export const wasmCommand = (context: Context): Command =>
  new Command('wasm')
    .addHelpText(
      'after',
      '\nExamples:\n  $ uds wasm inspect app.wasm\n  $ uds wasm run --allow connect:127.0.0.1:80 app.wasm\n  $ uds wasm serve --listen unix:./app.sock app.wasm',
    )
    .addCommand(runCommand(context))
    .addCommand(serveCommand(context))
    .addCommand(inspectCommand(context))

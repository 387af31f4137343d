/** uds wasm run. */
import { Command, Option } from 'commander'
import type { Decision } from '@uds/wasi-host'
import { collect } from '../arguments/parsers.ts'
import type { Context } from '../terminal/context.ts'
import { CommandFailure } from '../exit/failure.ts'
import { stopOnSignals } from '../process/signals.ts'
import { FAILED } from '../exit/exit-codes.ts'
import { guestFile } from './guest-file.ts'
import {
  abis,
  adviseOn,
  describeDecision,
  directory,
  shareScript,
  route,
  variable,
  waits,
  type GuestFlags,
} from './options.ts'

const HELP = `
The guest gets the arguments after FILE; those that begin with a dash go behind "--". It may use no socket and no
directory but those named here; what it is refused is printed, once. It can
read a file that is named right after FILE, a script, also without a --dir.
The exit code is the guest's.

Examples:
  $ uds wasm run --allow connect:example.com:80 client.wasm
  $ uds wasm run --route db.internal:5432=unix:/run/postgresql/.s.PGSQL.5432 app.wasm -- --verbose
  $ uds wasm run --listen tcp:127.0.0.1:8080 server.wasm
  $ uds wasm run --allow connect:example.com:80 python script.py`

/** The exit code of shells for SIGINT: 128 + 2. */
const INTERRUPTED = 130

/**
 * Whether a signal handler runs while the guest does. A guest that computes in this thread blocks handlers, and Ctrl+C
 * would not end it: there, signals keep their default action.
 */
const mayInterrupt = ({ wait }: GuestFlags): boolean => wait === 'worker' || wait === 'blocking'

/** A guest may be refused any number of addresses; only the first five are printed. */
const MAX_ADVICE = 5

/** An option that may be repeated. */
const repeatedOption = <T>(
  flags: string,
  description: string,
  gather: (text: string, before: T) => T,
  nothing: T,
): Option => new Option(flags, `${description}; several times`).argParser<T>(gather).default(nothing, 'none')

/** Calls `tell` once for each address that the guest was refused: the guest itself prints mostly an errno. */
const adviseOnce = (tell: (text: string, decision: Decision) => void): ((decision: Decision) => void) => {
  const told = new Set<string>()
  return (decision) => {
    const text = adviseOn(decision)
    if (decision.decision !== 'deny' || told.has(text) || told.size === MAX_ADVICE) return
    told.add(text)
    tell(text, decision)
  }
}

/** Frames of a trap that are printed. */
const MAX_FRAMES = 8

/** The failure of a guest that trapped, with its innermost frames: the message of the engine is a single word. */
const trapFailure = (error: unknown): CommandFailure | undefined => {
  if (!(error instanceof Error) || error.name !== 'RuntimeError') return undefined
  const frames = (error.stack ?? '').split('\n').filter((line) => line.includes('wasm-function['))
  const places = frames.slice(0, MAX_FRAMES).map((line) => `  ${line.trim().replace('wasm://wasm/', '')}`)
  return new CommandFailure(FAILED, [`the guest trapped: ${error.message}`, ...places].join('\n'))
}

/** uds wasm run: runs a guest with sockets. */
export const runCommand = (context: Context): Command =>
  new Command('run')
    .description('Run a WASI guest with sockets; its exit code is that of the command.')
    .argument('<file>', 'the module or component; python: that of @uds/python-wasi')
    .argument('[args...]', 'arguments of the guest')
    .addOption(
      repeatedOption(
        '--allow <rule>',
        'what it may do: connect:HOST:PORT, bind:HOST:PORT, resolve:HOST',
        collect,
        [],
      ),
    )
    .addOption(
      repeatedOption('--route <what>', 'HOST:PORT=ADDRESS: where its connections to HOST:PORT go', route, {}),
    )
    .addOption(
      repeatedOption(
        '--listen <address>',
        'a listener that it finds open, from descriptor 3 on',
        collect,
        [],
      ),
    )
    .addOption(
      repeatedOption(
        '--connect <address>',
        'a connection that it finds open, after the listeners',
        collect,
        [],
      ),
    )
    .addOption(repeatedOption('--env <variable>', 'NAME=VALUE, or NAME for its value here', variable, {}))
    .addOption(
      repeatedOption(
        '--dir <directory>',
        'HOST, HOST::GUEST or HOST::GUEST:ro (read-only): a directory that it sees',
        directory,
        {},
      ),
    )
    .addOption(
      new Option('--abi <name>', 'its socket ABI (default: read from the module)').choices(Object.keys(abis)),
    )
    .addOption(new Option('--wait <mode>', 'how it waits').choices(Object.keys(waits)))
    .option('--trace', 'print everything that it was allowed or denied')
    .addHelpText('after', HELP)
    .action(async (file: string, args: readonly string[], flags: GuestFlags) => {
      const out = context.output()
      const guest = await guestFile(file)
      const preopens = { ...guest.preopens, ...flags.dir }
      const given = shareScript(args, preopens)
      const { WasiHost } = await import('@uds/wasi-host')
      const host = new WasiHost({
        ...given,
        args: [guest.name, ...given.args],
        env: flags.env,
        preopens,
        abi: flags.abi,
        wait: flags.wait,
        sockets: {
          allow: flags.allow,
          route: flags.route,
          listen: flags.listen,
          connected: flags.connect,
          onListening: (addresses) => {
            for (const each of addresses) out.note(`listening on ${each}`, { listening: each })
          },
          trace: flags.trace
            ? (decision) => out.note(describeDecision(decision), { ...decision })
            : adviseOnce((text, decision) => out.note(text, { ...decision })),
        },
      })
      const stop = mayInterrupt(flags) ? stopOnSignals() : undefined
      try {
        context.exit(await host.run(guest.path, { signal: stop?.signal }))
      } catch (error) {
        if (stop?.signal.aborted !== true) throw trapFailure(error) ?? error
        context.exit(INTERRUPTED)
      } finally {
        stop?.dispose()
      }
    })

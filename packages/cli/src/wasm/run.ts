import { basename } from 'node:path'
import { Command, Option } from 'commander'
import { WasiHost } from '@uds/wasi-host'
import { several } from '../arguments.ts'
import type { Context } from '../context.ts'
import { interrupted } from '../interrupt.ts'
import {
  abis,
  adviceFor,
  describeDecision,
  directory,
  giveScript,
  route,
  variable,
  waits,
  type GuestFlags,
} from './options.ts'

const HELP = `
The guest gets the arguments after FILE; those that begin with a dash go behind "--". It may use no socket and no
directory but those named here. A file named right after FILE is given to it unless a --dir shows it already: a script.
The exit code is the guest's.

Examples:
  $ uds wasm run --allow connect:example.com:80 client.wasm
  $ uds wasm run --route db.internal:5432=unix:/run/postgresql/.s.PGSQL.5432 app.wasm -- --verbose
  $ uds wasm run --listen tcp:127.0.0.1:8080 server.wasm
  $ uds wasm run --dir ./python::/usr/local python.wasm script.py`

/** What shells say of a program that Ctrl+C has ended: 128 + SIGINT. */
const INTERRUPTED = 130

/**
 * Whether signals can be heard while the guest runs. In this thread, a guest that computes would keep their handler from
 * ever running, and Ctrl+C from ending it: there signals do what they always do.
 */
const mayInterrupt = ({ wait }: GuestFlags): boolean => wait === 'worker' || wait === 'blocking'

/** A guest may ask for as much as it likes. */
const MOST_TOLD = 5

/** An option that can be given several times; without it there is nothing of the kind. */
const repeated = <T>(
  flags: string,
  description: string,
  gather: (text: string, before: T) => T,
  nothing: T,
): Option => new Option(flags, `${description}; several times`).argParser<T>(gather).default(nothing, 'none')

/** uds wasm run: a guest with sockets. */
export const runCommand = (context: Context): Command =>
  new Command('run')
    .description('Run a WASI guest with sockets; its exit code is that of the command.')
    .argument('<file>', 'the module')
    .argument('[args...]', 'arguments of the guest')
    .addOption(
      repeated(
        '--allow <rule>',
        'what it may do: connect:HOST:PORT, bind:HOST:PORT, resolve:HOST',
        several,
        [],
      ),
    )
    .addOption(
      repeated('--route <what>', 'HOST:PORT=ADDRESS: where its connections to HOST:PORT go', route, {}),
    )
    .addOption(
      repeated('--listen <address>', 'a listener that it finds open, from descriptor 3 on', several, []),
    )
    .addOption(
      repeated('--connect <address>', 'a connection that it finds open, after the listeners', several, []),
    )
    .addOption(repeated('--env <variable>', 'NAME=VALUE, or NAME for its value here', variable, {}))
    .addOption(repeated('--dir <directory>', 'HOST or HOST::GUEST: a directory that it sees', directory, {}))
    .addOption(
      new Option('--abi <name>', 'its socket ABI; read from the module unless given').choices(
        Object.keys(abis),
      ),
    )
    .addOption(new Option('--wait <mode>', 'how it waits').choices(Object.keys(waits)))
    .option('--trace', 'tell of everything that it was allowed or denied')
    .addHelpText('after', HELP)
    .action(async (file: string, args: readonly string[], flags: GuestFlags) => {
      const out = context.output()
      const given = giveScript(args, flags.dir)
      /** What it was denied, in the form of a rule that would allow it. */
      const denied = new Set<string>()
      const host = new WasiHost({
        ...given,
        args: [basename(file), ...given.args],
        env: flags.env,
        preopens: flags.dir,
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
          trace: (decision) => {
            if (flags.trace) out.note(describeDecision(decision), { ...decision })
            else if (decision.decision === 'deny' && denied.size < MOST_TOLD)
              denied.add(`${decision.action}:${decision.address}`)
          },
        },
      })
      const stop = mayInterrupt(flags) ? interrupted() : undefined
      try {
        const code = await host.run(file, { signal: stop?.signal })
        context.exit(code)
        // Guests tend to keep to themselves what they failed for.
        if (code !== 0 && denied.size > 0) out.note(adviceFor(denied), { denied: [...denied] })
      } catch (error) {
        if (stop?.signal.aborted !== true) throw error
        context.exit(INTERRUPTED)
      } finally {
        stop?.dispose()
      }
    })

/** uds wasm run. */
import { Command, Option } from 'commander'
import { collect } from '../arguments/parsers.ts'
import type { Context } from '../terminal/context.ts'
import { stopOnSignals } from '../process/signals.ts'
import { guestFile } from './guest-file.ts'
import { guestOptions, repeatedOption, tracer, trapFailure } from './flags.ts'
import { abis, shareScript, waits, type GuestFlags } from './options.ts'

const HELP = `
The guest gets the arguments after FILE; those that begin with a dash go behind "--". It may use no socket and no
directory but those named here; what it is refused is printed, once, and why a route failed. It can
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

/** uds wasm run: runs a guest with sockets. */
export const runCommand = (context: Context): Command => {
  const command = new Command('run')
    .description('Run a WASI guest with sockets; its exit code is that of the command.')
    .argument('<file>', 'the module or component; python: that of @uds/python-wasi')
    .argument('[args...]', 'arguments of the guest')
  for (const each of guestOptions()) command.addOption(each)
  return command
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
          trace: tracer(out, flags.trace),
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
}

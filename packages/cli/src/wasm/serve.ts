/** uds wasm serve. */
import { Command, Option } from 'commander'
import { collect, count, milliseconds } from '../arguments/parsers.ts'
import type { Context } from '../terminal/context.ts'
import { explain } from '../exit/failure.ts'
import { untilAborted, withStopSignal } from '../process/signals.ts'
import { guestOptions, tracer, trapFailure } from './flags.ts'
import type { GuestFlags } from './options.ts'

const HELP = `
FILE is a component with wasi:http/incoming-handler@0.2 or wasi:http/handler@0.3. Each request is answered by
a guest of its own. It may make requests, use sockets and directories only as the options say; what it is refused is
printed, once, and why a route failed. Its standard output and error are those of the command. Ctrl+C lets the requests end that have begun.

Examples:
  $ uds wasm serve app.wasm --listen unix:/run/app.sock
  $ curl --unix-socket /run/app.sock http://app/
  $ uds wasm serve app.wasm --listen tcp:127.0.0.1:8080 --route db:80=unix:/run/db.sock`

/** So long a request that has begun may take after Ctrl+C. */
const GRACE_MS = 10_000

interface Flags extends Omit<GuestFlags, 'connect' | 'abi'> {
  readonly timeout?: number
  readonly concurrency?: number
}

/** uds wasm serve: serves a component that answers requests of HTTP. */
export const serveCommand = (context: Context): Command => {
  const command = new Command('serve')
    .description('Serve a component that answers requests of HTTP (wasi:http), until it is stopped.')
    .argument('<file>', 'the component')
    .addOption(
      new Option('--listen <address>', 'where it listens: unix:PATH, tcp:HOST:PORT, pipe:NAME; several times')
        .argParser(collect)
        .makeOptionMandatory(),
    )
  for (const each of guestOptions()) command.addOption(each)
  return command
    .addOption(new Option('--wait <mode>', 'how guests wait').choices(['auto', 'jspi', 'worker']))
    .option('--timeout <ms>', 'milliseconds until a guest begins to answer (default: 60000)', milliseconds)
    .option(
      '--concurrency <count>',
      'requests that are answered at a time (default: 64, with threads 8)',
      count,
    )
    .option('--trace', 'print everything that it was allowed or denied')
    .addHelpText('after', HELP)
    .action(async (file: string, flags: Flags) => {
      await withStopSignal(async ({ signal }) => {
        const out = context.output()
        const { WasiHost } = await import('@uds/wasi-host')
        const host = new WasiHost({
          args: [file],
          env: flags.env,
          preopens: flags.dir,
          wait: flags.wait,
          sockets: { allow: flags.allow, route: flags.route, trace: tracer(out, flags.trace) },
        })
        const server = await host.serve(file, {
          listen: flags.listen,
          timeoutMs: flags.timeout,
          concurrency: flags.concurrency,
          onError: (error, { method, url }) => {
            const text = explain(trapFailure(error) ?? error)
            out.note(`${method} ${url}: ${text}`, { method, url, error: text })
          },
        })
        for (const each of server.addresses) out.note(`listening on ${each}`, { listening: each })
        await untilAborted(signal)
        await server.close({ graceMs: GRACE_MS })
      })
    })
}

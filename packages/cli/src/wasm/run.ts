import { basename } from 'node:path'
import { Command, Option } from 'commander'
import type { Decision } from '@uds/wasi-host'
import { several } from '../arguments/parsers.ts'
import type { Context } from '../terminal/context.ts'
import { Failure } from '../exit/failure.ts'
import { interrupted } from '../process/signals.ts'
import { FAILED } from '../terminal/terminal.ts'
import {
  abis,
  adviseOn,
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
directory but those named here; what it is refused is told, once. A file named right after FILE is given to it unless a --dir shows it already: a script.
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

/** Tells of what a guest was refused, once each: it mostly says no more itself than that something failed. */
const advising = (tell: (text: string, decision: Decision) => void): ((decision: Decision) => void) => {
  const told = new Set<string>()
  return (decision) => {
    const text = adviseOn(decision)
    if (decision.decision !== 'deny' || told.has(text) || told.size === MOST_TOLD) return
    told.add(text)
    tell(text, decision)
  }
}

/** Frames of a guest that are shown. */
const MOST_FRAMES = 8

/** The failure of a guest that trapped: what the engine says of it is a word, so that the place belongs to it. */
const trapped = (error: unknown): Failure | undefined => {
  if (!(error instanceof Error) || error.name !== 'RuntimeError') return undefined
  const frames = (error.stack ?? '').split('\n').filter((line) => line.includes('wasm-function['))
  const places = frames.slice(0, MOST_FRAMES).map((line) => `  ${line.trim().replace('wasm://wasm/', '')}`)
  return new Failure(FAILED, [`the guest trapped: ${error.message}`, ...places].join('\n'))
}

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
      const { WasiHost } = await import('@uds/wasi-host')
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
          trace: flags.trace
            ? (decision) => out.note(describeDecision(decision), { ...decision })
            : advising((text, decision) => out.note(text, { ...decision })),
        },
      })
      const stop = mayInterrupt(flags) ? interrupted() : undefined
      try {
        context.exit(await host.run(file, { signal: stop?.signal }))
      } catch (error) {
        if (stop?.signal.aborted !== true) throw trapped(error) ?? error
        context.exit(INTERRUPTED)
      } finally {
        stop?.dispose()
      }
    })

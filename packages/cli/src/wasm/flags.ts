/** The options that `uds wasm run` and `serve` share, and what they print of a guest. */
import { Option } from 'commander'
import type { Decision, WasiHostOptions } from '@uds/wasi-host'
import { collect } from '../arguments/parsers.ts'
import { FAILED } from '../exit/exit-codes.ts'
import { CommandFailure } from '../exit/failure.ts'
import type { Output } from '../terminal/terminal.ts'
import { adviseOn, describeDecision, explainRoute, directory, route, variable } from './options.ts'

/** A guest may try any number of addresses; only the first five that it does not reach are printed. */
const MAX_ADVICE = 5

/** An option that may be repeated. */
export const repeatedOption = <T>(
  flags: string,
  description: string,
  gather: (text: string, before: T) => T,
  nothing: T,
): Option => new Option(flags, `${description}; several times`).argParser<T>(gather).default(nothing, 'none')

/** What is printed of a decision: what to allow, or why a route failed. What a guest dialled itself is its own to report. */
const textOf = (decision: Decision): string | undefined => {
  if (decision.decision === 'deny') return adviseOn(decision)
  return decision.decision === 'fail' && decision.target !== undefined ? explainRoute(decision) : undefined
}

/** Calls `tell` once for each address that was refused or could not be reached: the guest itself prints mostly an errno. */
const adviseOnce = (tell: (text: string, decision: Decision) => void): ((decision: Decision) => void) => {
  const told = new Set<string>()
  return (decision) => {
    const text = textOf(decision)
    if (text === undefined || told.has(text) || told.size === MAX_ADVICE) return
    told.add(text)
    tell(text, decision)
  }
}

/** What a guest may do, what it sees, and which decisions are printed. */
export const guestOptions = (): readonly Option[] => [
  repeatedOption(
    '--allow <rule>',
    'what it may do: connect:HOST:PORT, bind:HOST:PORT, resolve:HOST',
    collect,
    [],
  ),
  repeatedOption('--route <what>', 'HOST:PORT=ADDRESS: where its connections to HOST:PORT go', route, {}),
  repeatedOption('--env <variable>', 'NAME=VALUE, or NAME for its value here', variable, {}),
  repeatedOption(
    '--dir <directory>',
    'HOST, HOST::GUEST or HOST::GUEST:ro (read-only): a directory that it sees',
    directory,
    {},
  ),
]

/** Prints the decisions about a guest: all with `--trace`, else what to allow and which routes failed, once. */
export const tracer = (
  out: Output,
  trace: boolean | undefined,
): NonNullable<NonNullable<WasiHostOptions['sockets']>['trace']> =>
  trace === true
    ? (decision) => out.note(describeDecision(decision), { ...decision })
    : adviseOnce((text, decision) => out.note(text, { ...decision }))

/** Frames of a trap that are printed. */
const MAX_FRAMES = 8

/** The failure of a guest that trapped, with its innermost frames: the message of the engine is a single word. */
export const trapFailure = (error: unknown): CommandFailure | undefined => {
  if (!(error instanceof Error) || error.name !== 'RuntimeError') return undefined
  const frames = (error.stack ?? '').split('\n').filter((line) => line.includes('wasm-function['))
  const places = frames.slice(0, MAX_FRAMES).map((line) => `  ${line.trim().replace('wasm://wasm/', '')}`)
  return new CommandFailure(FAILED, [`the guest trapped: ${error.message}`, ...places].join('\n'))
}

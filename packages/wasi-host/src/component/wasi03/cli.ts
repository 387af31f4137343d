/** `wasi:cli` of 0.3: arguments, environment, exit, standard streams, terminals. */
import { Exit, type Failure } from '../../outcome/failure.ts'
import { futureOf, streamOf } from '../async/carried.ts'
import { Future } from '../async/future.ts'
import type { AsyncHost } from '../async/host.ts'
import { Stream } from '../async/stream.ts'
import { func, type WitFunction, type WitFunctions } from '../async/wit-function.ts'
import { isTerminal, TerminalInput, TerminalOutput } from '../cli.ts'
import type { Class } from '../handles.ts'
import { mapped, tuple } from '../canonical/compound.ts'
import { own } from '../canonical/handle.ts'
import { list } from '../canonical/lists.ts'
import { enumeration, option, result } from '../canonical/named.ts'
import { u8 } from '../canonical/scalars.ts'
import { string } from '../canonical/text.ts'
import type { ValueType } from '../canonical/type.ts'
import { EndpointSink, EndpointSource, noBytes } from './byte-streams.ts'
import { nowhere, SocketEndpoint, StandardEndpoint, type Endpoint } from './endpoint.ts'

export const environment: WitFunctions = {
  'get-environment': func([], list(tuple(string, string)), (host) => Object.entries(host.env)),
  'get-arguments': func([], list(string), (host) => host.args),
  // A guest has no directory of the host.
  'get-initial-cwd': func([], option(string), () => undefined),
}

const emptyResult = result()

export const exit: WitFunctions = {
  exit: func([emptyResult], undefined, (_host, status) => {
    throw new Exit('ok' in status ? 0 : 1)
  }),
  'exit-with-code': func([u8], undefined, (_host, code) => {
    throw new Exit(code)
  }),
}

const streamErrors = ['io', 'illegal-byte-sequence', 'pipe'] as const
type StreamError = (typeof streamErrors)[number]
const byCode: Readonly<Record<string, StreamError>> = {
  EPIPE: 'pipe',
  EOF: 'pipe',
  EILSEQ: 'illegal-byte-sequence',
}

/** `wasi:cli/types.error-code` */
const streamError = mapped<StreamError, Failure>(
  enumeration(...streamErrors),
  () => {
    throw new RangeError('the host takes none of these')
  },
  ({ code }) => byCode[code] ?? 'io',
)
const outcome: ValueType<Outcome> = result<undefined, Failure>(undefined, streamError)
type Outcome = { readonly ok: undefined } | { readonly error: Failure }

const ended = (failure: Failure | undefined): Outcome => (failure ? { error: failure } : { ok: undefined })

/** A descriptor of the component; undefined when it leads nowhere. */
const endpoint = (host: AsyncHost, fd: number): Endpoint | undefined => {
  const entry = host.guest.fds.get(fd)
  const direction = fd === 0 ? 'read' : 'write'
  if (entry.kind === 'socket') return new SocketEndpoint(host, entry.id, direction)
  return entry.kind === 'standard' ? new StandardEndpoint(host, entry.standard, direction) : undefined
}

export const stdin: WitFunctions = {
  'read-via-stream': func([], tuple(streamOf(u8), futureOf(outcome)), (host) => {
    const future = new Future(outcome)
    const from = endpoint(host, 0)
    const source = from && new EndpointSource(from, (failure) => future.resolve(ended(failure)))
    if (!source) future.resolve(ended(undefined))
    return [new Stream(u8, source ?? noBytes), future] as const
  }),
}

const output = (fd: number): WitFunctions => ({
  'write-via-stream': func([streamOf(u8)], futureOf(outcome), (host, stream) => {
    const future = new Future(outcome)
    const to = endpoint(host, fd) ?? nowhere
    stream.attach(new EndpointSink(to, (failure) => future.resolve(ended(failure))))
    return future
  }),
})

export const stdout: WitFunctions = output(1)
export const stderr: WitFunctions = output(2)

/** The drop of a resource that the host keeps nothing for. */
const drop = (type: Class<object>): WitFunction =>
  func<readonly [object], void>([own(type)], undefined, () => {})

export const terminalInput: WitFunctions = { '[resource-drop]terminal-input': drop(TerminalInput) }
export const terminalOutput: WitFunctions = { '[resource-drop]terminal-output': drop(TerminalOutput) }
export const terminalStdin: WitFunctions = {
  'get-terminal-stdin': func([], option(own(TerminalInput)), (host) =>
    isTerminal(host, 0) ? new TerminalInput() : undefined,
  ),
}
export const terminalStdout: WitFunctions = {
  'get-terminal-stdout': func([], option(own(TerminalOutput)), (host) =>
    isTerminal(host, 1) ? new TerminalOutput(1) : undefined,
  ),
}
export const terminalStderr: WitFunctions = {
  'get-terminal-stderr': func([], option(own(TerminalOutput)), (host) =>
    isTerminal(host, 2) ? new TerminalOutput(2) : undefined,
  ),
}

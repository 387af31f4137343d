/** The options of host.serve, checked. */
import type { ListenDoorOptions } from '@uds/stream'
import { checkOptions, invalidArgument, optionNames, outOfRange } from '@uds/winsock-ffi'
import { checkFunction } from '@uds/winsock-ffi/internal'

/** A request that a guest has failed at. */
export interface FailedRequest {
  readonly method: string
  readonly url: string
}

export interface ServeOptions {
  /** Where it listens: `unix:/run/app.sock`, `tcp:127.0.0.1:8080`, `pipe:app`; several are one server. */
  readonly listen: string | readonly string[]
  /** How it listens: `mode`, `authorize`, ... as `listen` of \@uds/stream has them. */
  readonly listenOptions?: ListenDoorOptions | undefined
  /** Requests that are answered at a time; further ones wait. @default 64 under `jspi`, 8 under `worker` */
  readonly concurrency?: number | undefined
  /** Milliseconds until the guest begins to answer: then the client gets 504, and the guest ends. @default 60,000 */
  readonly timeoutMs?: number | undefined
  /** Called with what a guest failed with: a trap, a time-out, an exit; the client gets 500 or 504. @default a warning of the process */
  readonly onError?: ((error: unknown, request: FailedRequest) => void) | undefined
  /** Closes the server, and ends the guests. */
  readonly signal?: AbortSignal | undefined
}

/** The options, checked and completed. */
export interface ServeSettings {
  readonly addresses: readonly string[]
  readonly listenOptions: ListenDoorOptions
  readonly concurrency: number
  readonly timeoutMs: number
  readonly onError: (error: unknown, request: FailedRequest) => void
  readonly signal: AbortSignal | undefined
}

const OPTIONS = optionNames<ServeOptions>({
  listen: true,
  listenOptions: true,
  concurrency: true,
  timeoutMs: true,
  onError: true,
  signal: true,
})

const WHERE = 'serve'

const TIMEOUT_MS = 60_000

const warn = (error: unknown, { method, url }: FailedRequest): void => {
  process.emitWarning(`${method} ${url}: ${error instanceof Error ? error.message : String(error)}`, {
    type: 'GuestWarning',
  })
}

const addressesOf = (listen: unknown): readonly string[] => {
  const all: unknown = typeof listen === 'string' ? [listen] : listen
  if (!Array.isArray(all) || all.length === 0 || !all.every((each) => typeof each === 'string'))
    throw invalidArgument(WHERE, 'listen', 'an address, as unix:PATH or tcp:host:port, or several', listen)
  return all
}

/** @throws TypeError, RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`. */
export const readServeOptions = (options: ServeOptions, concurrency: number): ServeSettings => {
  checkOptions(options, WHERE, OPTIONS)
  checkFunction(WHERE, 'onError', options.onError)
  const { timeoutMs = TIMEOUT_MS, concurrency: most = concurrency } = options
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0))
    throw outOfRange(WHERE, 'timeoutMs', 'a number above 0', timeoutMs)
  if (!Number.isInteger(most) || most < 1)
    throw outOfRange(WHERE, 'concurrency', 'a whole number, 1 or more', most)
  return {
    addresses: addressesOf(options.listen),
    listenOptions: options.listenOptions ?? {},
    concurrency: most,
    timeoutMs,
    onError: options.onError ?? warn,
    signal: options.signal,
  }
}

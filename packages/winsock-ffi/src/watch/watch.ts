/** watch: chooses a strategy, and calls back. */
import { invalidArgument, invalidValue } from '../errors/wrong-argument.ts'
import { SocketError } from '../errors/socket-error.ts'
import { onRelease } from '../handle/descriptor.ts'
import { openFd, type SocketHandle } from '../handle/socket-handle.ts'
import { READABLE, WRITABLE } from '../system-calls/system-calls.ts'
import { checkOptions, optionNames } from '../options/check-options.ts'
import { getOption } from '../sockets/options.ts'
import { interval } from './interval.ts'
import { noPollHandle, pollHandle, pollHandleAvailable } from './poll-handle.ts'
import { worker } from './worker.ts'
import type { Interest, Report, Source, Watcher, WatchCallback, WatchStrategy } from './watcher.ts'

export interface WatchOptions {
  /** The strategy to use. @default the first that works here, in the order of {@link WatchStrategy} */
  readonly strategy?: WatchStrategy | undefined
}

type MakeSource = (fd: number, interest: number, report: Report, foreign: boolean) => Source

const strategies: Readonly<Record<WatchStrategy, MakeSource>> = {
  'poll-handle': (fd, interest, report, foreign) => {
    if (pollHandleAvailable()) return pollHandle(fd, interest, report, foreign)
    throw new SocketError({
      code: 'ENOTSUP',
      syscall: 'watch',
      detail: noPollHandle(),
    })
  },
  worker,
  interval,
}

/**
 * In order of preference. koffi 3.3 ends the process with SIGSEGV when a thread of a Worker ends with a poll handle open, as
 * after `terminate()`: there another thread polls.
 */
const preferred = (): readonly WatchStrategy[] =>
  process.getBuiltinModule('node:worker_threads').isMainThread
    ? ['poll-handle', 'worker', 'interval']
    : ['worker', 'poll-handle', 'interval']

const begin = (
  fd: number,
  bits: number,
  report: Report,
  foreign: boolean,
  wanted: WatchStrategy | undefined,
): { source: Source; strategy: WatchStrategy } => {
  if (wanted) return { source: strategies[wanted](fd, bits, report, foreign), strategy: wanted }
  const failures: unknown[] = []
  for (const strategy of preferred()) {
    try {
      return { source: strategies[strategy](fd, bits, report, foreign), strategy }
    } catch (error) {
      failures.push(error)
    }
  }
  throw new AggregateError(failures, 'watch: no way to wait for a socket works here')
}

const OPTIONS = optionNames<WatchOptions>({ strategy: true })
const INTERESTS = optionNames<Interest>({ readable: true, writable: true })

const toBits = (interest: Interest): number =>
  (interest.readable ? READABLE : 0) | (interest.writable ? WRITABLE : 0)

/**
 * Calls back when a socket is ready, in Node's own loop: for what Node has no class for, such as a listener on Windows, a
 * datagram or a seqpacket socket. The socket should be non-blocking. Closing the socket ends the watch.
 *
 * @example
 * ```ts
 * const watcher = watch(listener, { readable: true }, () => {
 *   for (let client; (client = sockets.tryAccept(listener)); ) adopt(client).pipe(process.stdout)
 * })
 * ```
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; SocketError `EBADF`, `ENOTSOCK` for a descriptor that
 *   is no socket, `ENOTSUP` for a strategy that cannot work here.
 */
export const watch = (
  handle: SocketHandle,
  interest: Interest,
  callback: WatchCallback,
  options: WatchOptions = {},
): Watcher => {
  const fd = openFd(handle, 'watch')
  if (typeof callback !== 'function') throw invalidArgument('watch', 'the callback', 'a function', callback)
  checkOptions(interest, 'watch', INTERESTS, 'interest.')
  checkOptions(options, 'watch', OPTIONS)
  let bits = toBits(interest)
  if (bits === 0) throw invalidValue('watch', 'the interest', 'must name readable or writable', interest)
  const wanted = options.strategy
  if (wanted !== undefined && !Object.hasOwn(strategies, wanted)) {
    throw invalidArgument('watch', 'the strategy', `one of ${Object.keys(strategies).join(', ')}`, wanted)
  }
  // A descriptor that is closed or no socket is found here: libuv and koffi would end the process.
  getOption(handle, 'SO_TYPE')
  let closed = false
  let referenced = true
  const close = (): void => {
    if (closed) return
    closed = true
    forget()
    source?.close()
  }
  const report: Report = (error, ready) => {
    if (closed) return
    if (error) close()
    // A peer that has gone makes a read and a write end at once: both are "ready" then (poll(2) POLLHUP, POLLERR).
    const gone = ready !== 0 && (ready & (READABLE | WRITABLE)) === 0
    const seen = gone ? bits : ready & bits
    try {
      if (error || seen !== 0)
        callback(error, { readable: (seen & READABLE) !== 0, writable: (seen & WRITABLE) !== 0 })
    } finally {
      if (!closed) source?.arm()
    }
  }
  const first = begin(fd, bits, report, handle.foreign, wanted)
  const { strategy } = first
  let source: Source | undefined = first.source
  const forget = onRelease(handle, close)
  source.arm()
  const renew = (): void => {
    source?.close()
    source = undefined
    if (bits === 0) return
    source = strategies[strategy](fd, bits, report, handle.foreign)
    if (!referenced) source.unref()
    source.arm()
  }
  return {
    strategy,
    setInterest: (next) => {
      if (closed || toBits(next) === bits) return
      bits = toBits(next)
      if (source?.change) source.change(bits)
      else renew()
    },
    ref: () => {
      referenced = true
      if (!closed) source?.ref()
    },
    unref: () => {
      referenced = false
      if (!closed) source?.unref()
    },
    close,
    [Symbol.dispose]: close,
  }
}

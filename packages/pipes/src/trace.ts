/**
 * A record of every system call, for the search for a fault: through `node:diagnostics_channel` (the channel
 * `uds:pipes:syscall`) and, with NODE_DEBUG=uds-pipes, on standard error. When nobody listens it costs one comparison.
 */
import { channel } from 'node:diagnostics_channel'
import { debugLog } from '@uds/winsock-ffi/internal'

/** What a subscriber of the channel `uds:pipes:syscall` receives. */
export interface TraceRecord {
  /** The C name of the call: `recv`, `ReadFile`. */
  readonly syscall: string
  /** The descriptor, SOCKET, HANDLE or the name that it was about. */
  readonly subject: number | string
  /** Its result, where that is a number, otherwise 0; negative: the error number of the system. */
  readonly result: number
  /** Milliseconds it took, of `performance.now()`. */
  readonly durationMs: number
  /** The thread that made it: `worker_threads.threadId`. */
  readonly threadId: number
}

/** The name of the channel. */
export const TRACE_CHANNEL = 'uds:pipes:syscall'

const subscribers = channel(TRACE_CHANNEL)
const debug = debugLog('uds-pipes')
/** NODE_DEBUG does not change while the process runs. */
const debugging = debug.enabled

/** True when there is a subscriber, or NODE_DEBUG asks for it. */
export const tracing = (): boolean => debugging || subscribers.hasSubscribers

const publish = (record: TraceRecord): void => {
  if (subscribers.hasSubscribers) subscribers.publish(record)
  debug(
    'thread %d: %s(%s) = %d (%s ms)',
    record.threadId,
    record.syscall,
    record.subject,
    record.result,
    record.durationMs.toFixed(3),
  )
}

/** What a record says of a call that threw. */
const failure = (error: unknown): number => -((error as { nativeCode?: number }).nativeCode ?? 1)

/**
 * Makes a call and records it, also when it throws. What the call has filled in must be read inside of it: a subscriber
 * may use this package itself, and so the same memory.
 */
export const traced = <T>(syscall: string, subject: number | string, call: () => T): T => {
  if (!tracing()) return call()
  const start = performance.now()
  let result = 0
  try {
    const value = call()
    if (typeof value === 'number') result = value
    return value
  } catch (error) {
    result = failure(error)
    throw error
  } finally {
    const { threadId } = process.getBuiltinModule('node:worker_threads')
    publish({ syscall, subject, result, durationMs: performance.now() - start, threadId })
  }
}

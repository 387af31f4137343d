/** The notification protocol of systemd: sd_notify(3), its barrier, its watchdog. */
import { setTimeout as pause } from 'node:timers/promises'
import {
  checkOptions,
  invalidArgument,
  invalidValue,
  optionNames,
  sockets,
  SocketError,
  UnixAddress,
  watch,
} from '@uds/winsock-ffi'
import { checkSignal, INT_MAX, integer, milliseconds } from '@uds/winsock-ffi/internal'
import type { SendPacketOptions } from './packet.ts'
import { UnixDatagramSocket } from './unix-datagram-socket.ts'

/** The state of a service, as assignments: sd_notify(3) lists them. */
export interface SystemdState {
  /** The service has started, or has reloaded. */
  readonly READY?: 1 | true | undefined
  /** It begins to reload its configuration. MONOTONIC_USEC, which `Type=notify-reload` needs, is added unless it is set. */
  readonly RELOADING?: 1 | true | undefined
  /** It begins to stop. */
  readonly STOPPING?: 1 | true | undefined
  /** One line about the current work. */
  readonly STATUS?: string | undefined
  /** The errno of a failure. */
  readonly ERRNO?: number | undefined
  /** The service is alive, which it has to say within every WATCHDOG_USEC. `trigger` says that it has failed. */
  readonly WATCHDOG?: 1 | true | 'trigger' | undefined
  /** The main process of the service. */
  readonly MAINPID?: number | undefined
  readonly EXTEND_TIMEOUT_USEC?: number | undefined
  /** The manager stores the `descriptors` of this call, and passes them to the service when it starts again. */
  readonly FDSTORE?: 1 | true | undefined
  /** The name of the stored descriptors, which `listenFds()` returns. */
  readonly FDNAME?: string | undefined
  readonly [variable: string]: string | number | bigint | boolean | undefined
}

const WHERE = 'systemdNotify'

const line = ([name, value]: readonly [string, unknown]): string => {
  if (!/^[A-Z][A-Z0-9_]*$/i.test(name))
    throw invalidValue(WHERE, 'the name of a variable', 'must be letters, digits and underscores', name)
  const text = value === true ? '1' : value === false ? '0' : String(value)
  if (/[\n\0]/.test(text))
    throw invalidValue(WHERE, name, 'must be one line, as a line end begins another assignment', value)
  return `${name}=${text}`
}

/** CLOCK_MONOTONIC, as the manager compares it: sd_notify(3). */
const monotonicUsec = (): bigint => process.hrtime.bigint() / 1000n

const complete = (state: SystemdState): SystemdState =>
  state.RELOADING ? { MONOTONIC_USEC: monotonicUsec(), ...state } : state

const encode = (state: string | SystemdState): string => {
  if (typeof state === 'string') {
    if (!state.includes('='))
      throw invalidValue(WHERE, 'the state', 'must have an assignment, as in READY=1', state)
    return state
  }
  if (typeof state !== 'object' || state === null)
    throw invalidArgument(WHERE, 'the state', 'an object, as in { READY: 1 }, or a string', state)
  const lines = Object.entries(complete(state))
    .filter(([, value]) => value !== undefined)
    .map(line)
  if (lines.length === 0) throw invalidValue(WHERE, 'the state', 'must have an assignment', state)
  return lines.join('\n')
}

const target = (socket: string): UnixAddress => {
  if (socket.startsWith('@')) return UnixAddress.abstract(socket.slice(1))
  if (socket.startsWith('/')) return UnixAddress.path(socket)
  throw new SocketError({
    code: 'ENOTSUP',
    syscall: WHERE,
    address: socket,
    detail: 'NOTIFY_SOCKET must be an absolute path, or an abstract name that begins with @',
    advice: 'vsock: addresses belong to virtual machines and have no AF_UNIX socket',
  })
}

/**
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for FDSTORE without descriptors, which would store none, and for a name
 *   that systemd refuses.
 */
const checkStore = (text: string, count: number): void => {
  const lines = text.split('\n')
  if (count === 0 && lines.includes('FDSTORE=1'))
    throw invalidValue(
      WHERE,
      'FDSTORE',
      'stores the descriptors of the same call: set { descriptors }',
      count,
    )
  const name = lines.find((each) => each.startsWith('FDNAME='))?.slice('FDNAME='.length)
  // sd_notify(3): ASCII without control characters and colons, 255 at most.
  if (name !== undefined && !/^[\x20-\x39\x3b-\x7e]{1,255}$/.test(name))
    throw invalidValue(WHERE, 'FDNAME', 'must be 1 to 255 ASCII characters without a colon', name)
}

export interface SystemdNotifyOptions extends Omit<SendPacketOptions, 'credentials'> {
  /**
   * Linux: the process that the notification is from, instead of this one: sd_pid_notify(3). It takes CAP_SYS_ADMIN for another
   * process than this.
   */
  readonly pid?: number | undefined
}

const OPTIONS = optionNames<SystemdNotifyOptions>({
  descriptors: true,
  signal: true,
  pid: true,
})

/**
 * Sends the state of this service to its manager: sd_notify(3). Waits while the manager is busy.
 *
 * @example
 * ```ts
 * await systemdNotify({ READY: 1, STATUS: 'listening' })
 * await systemdNotify({ FDSTORE: 1, FDNAME: 'clients' }, { descriptors: [socket] })
 * ```
 *
 * @returns False where NOTIFY_SOCKET is not set: no manager waits for it, as on every system without systemd.
 * @throws TypeError for a wrong state, and for FDSTORE without descriptors; RangeError for a pid that is none; SocketError when
 *   the manager cannot be reached, `EPERM` for another process without CAP_SYS_ADMIN.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
export const systemdNotify = async (
  state: string | SystemdState,
  options: SystemdNotifyOptions = {},
): Promise<boolean> => {
  checkOptions(options, WHERE, OPTIONS)
  const text = encode(state)
  const { pid, ...rest } = options
  checkStore(text, rest.descriptors?.length ?? 0)
  if (pid !== undefined) integer(WHERE, 'pid', pid, 1, INT_MAX)
  const path = process.env['NOTIFY_SOCKET']
  if (!path) return false
  const to = target(path)
  const socket = new UnixDatagramSocket()
  try {
    await socket.send(text, { ...rest, to, ...(pid !== undefined && { credentials: { pid } }) })
    return true
  } finally {
    socket.close()
  }
}

/**
 * Resolves when the manager has handled all that was sent before: sd_notify_barrier(3). A process that ends right after a
 * notification waits for it, or the manager may not find out whose notification it was.
 *
 * @returns False where NOTIFY_SOCKET is not set.
 * @throws SocketError `ETIMEDOUT` after `timeoutMs` (5,000 by default), and when the manager cannot be reached; RangeError.
 */
export const systemdBarrier = async (
  options: { readonly timeoutMs?: number | undefined } = {},
): Promise<boolean> => {
  const where = 'systemdBarrier'
  const timeoutMs = milliseconds(where, 'timeoutMs', options.timeoutMs, 5000)
  if (!process.env['NOTIFY_SOCKET']) return false
  const [ours, theirs] = sockets.pair('stream')
  const timeout = new AbortController()
  try {
    await systemdNotify('BARRIER=1', { descriptors: [theirs] })
    theirs.close()
    // The manager closes the descriptor when its turn comes, which ends this stream.
    const closed = new Promise<void>((resolve) => watch(ours, { readable: true }, () => resolve()))
    const late = pause(timeoutMs, true, { signal: timeout.signal }).catch(() => false)
    const isLate = await Promise.race([closed, timeoutMs === Infinity ? closed : late])
    if (isLate)
      throw new SocketError({ code: 'ETIMEDOUT', syscall: where, detail: `no answer within ${timeoutMs} ms` })
    return true
  } finally {
    timeout.abort()
    ours.close()
    theirs.close()
  }
}

/** The watchdog's interval in milliseconds; undefined where the manager expects no signs of life of this process. */
const watchdogMs = (): number | undefined => {
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: owner } = process.env
  const value = Number(usec)
  if (usec === undefined || !Number.isSafeInteger(value) || value <= 0) return undefined
  return owner === undefined || Number(owner) === process.pid ? value / 1000 : undefined
}

const sayAlive = (): void => {
  // A manager that is busy, or gone, misses a sign of life; the next one follows.
  systemdNotify('WATCHDOG=1').catch(() => {})
}

/**
 * Sends `WATCHDOG=1` twice in every WATCHDOG_USEC, until the signal aborts: sd_watchdog_enabled(3). The timer does not keep
 * the process alive; a loop that hangs sends nothing, and the manager restarts the service.
 *
 * @returns False where the manager expects no signs of life of this process, and then nothing is sent.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for a signal that is none.
 */
export const systemdWatchdog = (options: { readonly signal?: AbortSignal | undefined } = {}): boolean => {
  const { signal } = options
  checkSignal('systemdWatchdog', signal)
  const intervalMs = watchdogMs()
  if (intervalMs === undefined || signal?.aborted) return false
  sayAlive()
  const timer = setInterval(sayAlive, intervalMs / 2).unref()
  signal?.addEventListener('abort', () => clearInterval(timer), { once: true })
  return true
}

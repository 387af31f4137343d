/** syslog: records of RFC 3164 to the daemon at /dev/log. */
import { basename } from 'node:path'
import { invalidArgument, invalidValue, SocketError } from '@uds/winsock-ffi'
import { toUnixAddress, type UnixAddressLike } from './unix-address.ts'
import { UnixDatagramSocket } from './unix-datagram-socket.ts'

/** The facilities of syslog(3), by the names of its constants without LOG_. */
export const facilities = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const

/** The severities of syslog(3). */
export const severities = {
  emerg: 0,
  alert: 1,
  crit: 2,
  err: 3,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
} as const

export type SyslogFacility = keyof typeof facilities
export type SyslogSeverity = keyof typeof severities

export interface SyslogOptions {
  /** @default 'user' */
  readonly facility?: SyslogFacility | undefined
  /** The name of the program. @default the name of the script */
  readonly ident?: string | undefined
  /** Adds the number of this process, as LOG_PID does. @default true */
  readonly pid?: boolean | undefined
  /** The time of the record. @default now */
  readonly date?: Date | undefined
  /** Where the daemon listens. @default '/dev/log' */
  readonly address?: UnixAddressLike | undefined
  readonly signal?: AbortSignal | undefined
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

const two = (value: number): string => String(value).padStart(2, '0')

/** `Nov  7 09:05:01`, in local time: RFC 3164 section 4.1.2, as glibc writes it. */
const timestamp = (date: Date): string =>
  `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ` +
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`

const requireNumber = <K extends string>(
  table: Readonly<Record<K, number>>,
  key: K,
  what: string,
): number => {
  if (Object.hasOwn(table, key)) return table[key]
  throw invalidArgument('syslog', what, `one of ${Object.keys(table).join(', ')}`, key)
}

/** The record that syslog(3) of glibc sends: `<PRI>Mmm dd hh:mm:ss ident[pid]: message`. */
export const formatSyslog = (
  severity: SyslogSeverity,
  message: string,
  options: SyslogOptions = {},
): string => {
  const {
    facility = 'user',
    ident = basename(process.argv[1] ?? process.argv[0] ?? 'node'),
    date = new Date(),
  } = options
  const priority =
    requireNumber(facilities, facility, 'the facility') * 8 +
    requireNumber(severities, severity, 'the severity')
  if (typeof message !== 'string') throw invalidArgument('syslog', 'the message', 'a string', message)
  // NUL ends a record on a stream, and brackets and colons end the name for those who read it.
  if (message.includes('\0')) throw invalidValue('syslog', 'the message', 'must not contain a NUL', message)
  if (!/^[^\s:[\]\0]+$/.test(ident))
    throw invalidValue('syslog', 'the ident', 'must be a word without spaces, colons and brackets', ident)
  const suffix = (options.pid ?? true) ? `[${process.pid}]` : ''
  return `<${priority}>${timestamp(date)} ${ident}${suffix}: ${message}`
}

/** Some daemons listen on a stream; there each record ends with a NUL, as glibc sends it. */
const sendOverStream = async (
  record: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> => {
  // Loaded only here: the rest of this entry needs no streams, and each thread of a guest loads it when it starts.
  const { connect } = await import('../connect.ts')
  const connection = await connect({ scheme: 'unix', path }, { signal })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  connection.once('error', reject)
  connection.end(`${record}\0`, () => resolve())
  try {
    await promise
  } finally {
    connection.destroy()
  }
}

/**
 * Writes a record to the system's log: syslog(3). Waits while the daemon is busy.
 *
 * @example
 * ```ts
 * await syslog('warning', 'disk almost full', { facility: 'daemon', ident: 'backup' })
 * ```
 *
 * @throws TypeError for wrong arguments; SocketError `ENOENT` or `ECONNREFUSED` when no daemon listens, `EMSGSIZE`.
 * @see https://www.rfc-editor.org/rfc/rfc3164; syslog(3)
 */
export const syslog = async (
  severity: SyslogSeverity,
  message: string,
  options: SyslogOptions = {},
): Promise<void> => {
  const record = formatSyslog(severity, message, options)
  const to = toUnixAddress(options.address ?? '/dev/log', 'syslog')
  const socket = new UnixDatagramSocket()
  try {
    socket.connect(to)
    await socket.send(record, { signal: options.signal })
  } catch (error) {
    const isStream = error instanceof SocketError && error.code === 'EPROTOTYPE'
    if (!isStream || to.pathname === undefined) throw error
    await sendOverStream(record, to.pathname, options.signal)
  } finally {
    socket.close()
  }
}

import { env } from 'node:process'
import { invalidArgument, invalidValue, SocketError, UnixAddress } from '@uds/winsock-ffi'
import type { SendPacketOptions } from './packet.ts'
import { UnixDatagramSocket } from './unix-datagram-socket.ts'

/** What a service tells its manager, as assignments: sd_notify(3) lists them. */
export interface SystemdState {
  /** The service has started, or has reloaded. */
  readonly READY?: 1 | true | undefined
  /** It begins to reload its configuration; with `Type=notify-reload`, MONOTONIC_USEC is wanted as well. */
  readonly RELOADING?: 1 | true | undefined
  /** It begins to stop. */
  readonly STOPPING?: 1 | true | undefined
  /** One line about what it is doing. */
  readonly STATUS?: string | undefined
  /** The errno of a failure. */
  readonly ERRNO?: number | undefined
  /** The service is alive: wanted within every WATCHDOG_USEC. `trigger` says that it has failed. */
  readonly WATCHDOG?: 1 | true | 'trigger' | undefined
  /** The main process of the service. */
  readonly MAINPID?: number | undefined
  readonly EXTEND_TIMEOUT_USEC?: number | undefined
  readonly [variable: string]: string | number | bigint | boolean | undefined
}

const WHERE = 'systemdNotify'

const line = ([name, value]: readonly [string, unknown]): string => {
  if (!/^[A-Z][A-Z0-9_]*$/i.test(name))
    throw invalidValue(WHERE, 'the name of a variable', 'must be letters, digits and underscores', name)
  const text = value === true ? '1' : value === false ? '0' : String(value)
  // A line end would begin another assignment.
  if (/[\n\0]/.test(text))
    throw invalidValue(WHERE, name, 'must be one line; a service tells one status at a time', value)
  return `${name}=${text}`
}

const encode = (state: string | SystemdState): string => {
  if (typeof state === 'string') {
    if (!state.includes('='))
      throw invalidValue(WHERE, 'the state', 'must have an assignment, as in READY=1', state)
    return state
  }
  if (typeof state !== 'object' || state === null)
    throw invalidArgument(WHERE, 'the state', 'an object, as in { READY: 1 }, or a string', state)
  const lines = Object.entries(state)
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
 * Tells the service manager how this service is: sd_notify(3). Waits while the manager is busy.
 *
 * @example
 * ```ts
 * await systemdNotify({ READY: 1, STATUS: 'listening' })
 * ```
 *
 * @returns False when no manager asked for it: NOTIFY_SOCKET is not set, as on every system without systemd.
 * @throws TypeError for a wrong state; SocketError when the manager cannot be reached.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
export const systemdNotify = async (
  state: string | SystemdState,
  options: SendPacketOptions = {},
): Promise<boolean> => {
  const text = encode(state)
  const path = env['NOTIFY_SOCKET']
  if (!path) return false
  const to = target(path)
  const socket = new UnixDatagramSocket()
  try {
    await socket.send(text, { ...options, to })
    return true
  } finally {
    socket.close()
  }
}

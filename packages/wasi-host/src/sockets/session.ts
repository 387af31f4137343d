/** The sockets of one run of a guest, and what is open before it starts. */
import { DEFAULT_BACKLOG } from '@uds/winsock-ffi/internal'
import { failureOf } from '../outcome/failure.ts'
import { GuestSocket } from './guest-socket.ts'
import type { Address, Family } from '../network/address.ts'
import type { Network, StreamEnd } from '../network/network.ts'
import type { Target } from '../network/target.ts'
import { showTarget } from '../network/target.ts'
import { NOT_YET, promised } from '../outcome/sync-promise.ts'
import { Permissions, type Decision, type Policy } from '../policy/permissions.ts'
import { Quota, type Quotas } from '../policy/quota.ts'
import { GuestSockets } from './guest-sockets.ts'

export interface SessionOptions {
  readonly policy: Policy
  readonly quotas: Quotas
  readonly listen: readonly Target[]
  readonly connected: readonly Target[]
  readonly trace: ((decision: Decision) => void) | undefined
  /** Go stops as a whole when one call waits: its sockets must be non-blocking from the start. */
  readonly nonblocking: boolean
}

export interface Session {
  readonly sockets: GuestSockets
  /** What decides about it, for what is not a socket: requests of HTTP. */
  readonly permissions: Permissions
  /** The numbers of the sockets that the guest starts with. */
  readonly preopened: readonly number[]
  /** What the guest finds about them in its environment. */
  readonly env: Readonly<Record<string, string>>
  /** Where it listens. */
  readonly listening: readonly string[]
}

/** A standard stream: a descriptor that the rest of WASI serves, or a stream that is served as a socket. */
export type Stdio =
  | { readonly kind: 'fd' }
  | { readonly kind: 'socket'; readonly id: number; readonly filetype: number }

const familyOf = (target: Target, local: Address | undefined): Family => {
  if (local) return local.family
  if (target.kind === 'unix' || target.kind === 'stream' || target.kind === 'duplex') return 'unix'
  return target.host.includes(':') ? 'inet6' : 'inet'
}

const opened = async <T>(what: string, action: () => Promise<T>): Promise<T> => {
  try {
    return await action()
  } catch (error) {
    const { code, detail } = failureOf(error)
    throw Object.assign(new Error(`${what}: ${detail}`, { cause: error }), { code })
  }
}

const connect = async (network: Network, target: Target): Promise<StreamEnd> => {
  const connecting = network.connect(target, { from: undefined, options: new Map() })
  for (;;) {
    const made = connecting.result()
    if (made !== NOT_YET) return made
    await promised(network.wait([{ end: connecting, read: false, write: true }], -1))
  }
}

const showLocal = (target: Target, local: Address | undefined): string => {
  if (local === undefined || local.family === 'unix') return showTarget(target)
  return showTarget({ kind: 'ip', host: local.host, port: local.port })
}

/** Opens the sockets that the guest starts with: listeners first, as systemd counts them, then connections. */
export const openSession = async (network: Network, options: SessionOptions): Promise<Session> => {
  const permissions = new Permissions(options.policy, options.trace ?? (() => {}))
  const sockets = new GuestSockets(network, permissions, new Quota(options.quotas))
  const preopened: number[] = []
  const listening: string[] = []
  for (const target of options.listen) {
    const listener = await opened(`sockets.listen ${showTarget(target)}`, () =>
      promised(network.bind(target, familyOf(target, undefined), new Map())),
    )
    listener.listen(DEFAULT_BACKLOG)
    const socket = new GuestSocket(familyOf(target, listener.local), 'stream')
    socket.listener = listener
    socket.listening = true
    socket.local = listener.local
    socket.nonblocking = options.nonblocking
    preopened.push(sockets.adopt(socket))
    listening.push(showLocal(target, listener.local))
  }
  for (const target of options.connected) {
    const stream = await opened(`sockets.connected ${showTarget(target)}`, () => connect(network, target))
    const socket = new GuestSocket(familyOf(target, stream.local), 'stream')
    socket.stream = stream
    socket.nonblocking = options.nonblocking
    preopened.push(sockets.adopt(socket))
  }
  const env: Record<string, string> = listening.length > 0 ? { LISTEN_FDS: String(listening.length) } : {}
  return { sockets, permissions, preopened, env, listening }
}

/**
 * Serves a stream as a standard stream.
 *
 * @param filetype - `__wasi_filetype_t`; a character device is a terminal.
 */
export const adoptStdio = (sockets: GuestSockets, stream: StreamEnd, filetype: number): Stdio => {
  const socket = new GuestSocket('unix', 'stream')
  socket.stream = stream
  return {
    kind: 'socket',
    id: sockets.adopt(socket, { counts: false }),
    filetype,
  }
}

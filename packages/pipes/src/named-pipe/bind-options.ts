/** The options of a pipe that is bound, read and checked. */
import { boolean, integer, oneOf } from '@uds/winsock-ffi/internal'
import type { PipeDirection } from './win32/pipe-cells.ts'
import { checkSecurity, type PipeSecurity } from './win32/security.ts'

/** Options of {@link WinListener.bind}. */
export interface PipeBindOptions {
  /**
   * How many clients may be connected that `accept` has not taken yet: 1 to 63.
   *
   * @default 8
   */
  readonly backlog?: number | undefined
  /**
   * Bytes that the system holds in each direction of a pipe.
   *
   * @default 65_536
   */
  readonly bufferSize?: number | undefined
  /**
   * Who may connect: this user, everybody who has logged on, the users whom an SDDL names, or those whom the system lets in
   * by itself (then everybody may read).
   *
   * @default 'current-user'
   */
  readonly security?: PipeSecurity | undefined
  /**
   * Refuse clients on other computers.
   *
   * @default true
   */
  readonly rejectRemote?: boolean | undefined
  /**
   * Which way bytes go, as this listener sees it: `both`, only `in` from clients, or only `out` to them (PIPE_ACCESS_INBOUND,
   * PIPE_ACCESS_OUTBOUND). A read or a write in the other direction is `EACCES` at either end. A client of this package takes
   * the direction that the pipe has.
   *
   * @default 'both'
   */
  readonly direction?: PipeDirection | undefined
  /**
   * Each write is a message, which a read does not go beyond; and `shutdown('write')` reaches the peer, by a message of no
   * bytes. Clients of this package find out by themselves.
   *
   * @default false
   */
  readonly messageMode?: boolean | undefined
}

/** The names of the options of {@link WinListener.bind}. */
export const PIPE_BIND_OPTIONS = [
  'backlog',
  'bufferSize',
  'security',
  'rejectRemote',
  'direction',
  'messageMode',
] as const

export interface PipeSettings {
  readonly bufferSize: number
  readonly rejectRemote: boolean
  readonly message: boolean
  readonly security: PipeSecurity
  readonly direction: PipeDirection
}

/** Reads the options that only a pipe has. It makes no system call, so a mistake is found on every system. */
export const readPipeOptions = (options: PipeBindOptions): PipeSettings => ({
  bufferSize: integer('bind', 'bufferSize', options.bufferSize ?? 65_536, 1, 2 ** 31 - 1),
  rejectRemote: boolean('bind', 'rejectRemote', options.rejectRemote ?? true),
  direction: oneOf('bind', 'direction', options.direction, ['both', 'in', 'out']),
  message: boolean('bind', 'messageMode', options.messageMode ?? false),
  security: checkSecurity(options.security ?? 'current-user'),
})

/** Which failures pass by themselves, so that the same call may succeed later. One table for every layer. */
import { codeOf } from '../errors/error-code.ts'

type Condition =
  /** No descriptor, or no memory of the system, is free: errno(3), accept(2). */
  | 'scarce'
  /** No server is there yet, or the one that was is gone: no file, a stale one, no pipe of the name. */
  | 'absent'
  /** The server is there and has no room now: a full backlog, all instances of a pipe in use. */
  | 'busy'
  /** The socket file is there and does not have its final permissions yet, as servers set those after bind(2). */
  | 'unfinished'

const conditions: Readonly<Record<string, Condition>> = {
  EMFILE: 'scarce',
  ENFILE: 'scarce',
  ENOBUFS: 'scarce',
  ENOMEM: 'scarce',
  ENOENT: 'absent',
  ECONNREFUSED: 'absent',
  // It went while the connection waited in its backlog, or before its first answer.
  ECONNRESET: 'absent',
  EPIPE: 'absent',
  EAGAIN: 'busy',
  EBUSY: 'busy',
  ETIMEDOUT: 'busy',
  EACCES: 'unfinished',
}

const conditionOf = (error: unknown): Condition | undefined => {
  const code = codeOf(error)
  return code !== undefined && Object.hasOwn(conditions, code) ? conditions[code] : undefined
}

/** True for want of descriptors or of memory in the system. */
export const isScarcity = (error: unknown): boolean => conditionOf(error) === 'scarce'

/** True where the server is there and has no room now: it will have some as soon as it accepts. */
export const isBusy = (error: unknown): boolean => conditionOf(error) === 'busy'

/**
 * True for a failure of connect that passes by itself: no server yet, no room at the server, no descriptor free.
 *
 * @param unfinished - `EACCES` passes, too: for servers known to set the permissions of their file after they listen.
 */
export const mayConnectLater = (
  error: unknown,
  { unfinished = false }: { readonly unfinished?: boolean } = {},
): boolean => {
  const condition = conditionOf(error)
  return condition !== undefined && (unfinished || condition !== 'unfinished')
}

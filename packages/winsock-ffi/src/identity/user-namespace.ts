/** Which numbers of users mean nobody: the overflow uid of user namespaces (Linux). */
import { readFileSync } from 'node:fs'
import { system } from '../system.ts'

/** What /proc says of the user namespace of this process. */
export interface UserNamespace {
  /** Every user of the system has a number of its own here, so that no two of them look alike. */
  readonly complete: boolean
  /** The number of every user who has none here. */
  readonly overflowUid: number
}

/** include/linux/highuid.h: DEFAULT_OVERFLOWUID */
const DEFAULT_OVERFLOW_UID = 65_534
/** All numbers but -1, which is no user. */
const ALL_USERS = 0xffff_ffff

/**
 * @param map - The text of /proc/self/uid_map: lines of "first inside, first outside, how many".
 * @see https://man7.org/linux/man-pages/man7/user_namespaces.7.html
 */
export const mapsAllUsers = (map: string): boolean => {
  let mapped = 0
  for (const line of map.trim().split('\n')) mapped += Number(line.trim().split(/\s+/)[2] ?? 0)
  return mapped >= ALL_USERS
}

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return undefined
  }
}

const ordinary: UserNamespace = { complete: true, overflowUid: DEFAULT_OVERFLOW_UID }

const look = (): UserNamespace => {
  const map = read('/proc/self/uid_map')
  const overflowUid = Number(read('/proc/sys/kernel/overflowuid') ?? DEFAULT_OVERFLOW_UID)
  // A kernel without user namespaces has no map; without /proc nothing is known, and so nothing is believed.
  if (map === undefined) return { complete: read('/proc/self/stat') !== undefined, overflowUid }
  return { complete: mapsAllUsers(map), overflowUid }
}

let found: UserNamespace | undefined = system === 'linux' ? undefined : ordinary

/** A process with several threads, as Node is, cannot move to another user namespace (setns(2), unshare(2)). */
export const userNamespace = (): UserNamespace => {
  // A map that was not written yet may be complete later.
  if (found?.complete !== true) found = look()
  return found
}

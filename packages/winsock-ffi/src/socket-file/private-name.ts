/** The name that a socket is bound to before it has its public one: made, and read back. */
import { basename, dirname, join } from 'node:path'
import { fitsSocketAddress } from './short-path.ts'

/** Eight letters and digits for a file name that no other process is likely to choose. */
export const randomPart = (): string => Math.random().toString(36).slice(2, 10).padEnd(8, '0')

/**
 * A fresh name beside a path, as link(2) and rename(2) stay within a file system. It contains the public one where that is short
 * enough: `ss` and `lsof` show it, and {@link publicName} reads it.
 */
export const privateName = (path: string): string => {
  const random = randomPart()
  const readable = join(dirname(path), `.${basename(path).slice(0, 64)}.uds-${random}`)
  return fitsSocketAddress(readable) ? readable : join(dirname(path), `.${random.slice(0, 6)}`)
}

/**
 * `DIRECTORY/.NAME.uds-abcdefgh`, or `DIRECTORY/.NAME.uds-abcdefgh/abcdefgh`: the temporary path at which `@uds/stream`
 * binds a socket before it renames it. `DIRECTORY/.NAME.uds-abc-abcdef/s` is the one of workers of a cluster.
 */
const TEMPORARY_NAME = /^(.*\/|)\.(.+)\.uds-(?:(\w{8})(?:\/\3)?|[\da-z]+-[\da-z]*\/s)$/
/** A temporary path holds only the first 63 characters of a longer name. */
const LONGEST_NAME = 63

/**
 * The kernel keeps the path that a socket was bound to, whatever rename(2) did: returns the path that clients of a
 * listener of `@uds/stream` use.
 */
export const publicName = (bound: string): string => {
  const [, directory = '', name = ''] = TEMPORARY_NAME.exec(bound) ?? []
  return name === '' || name.length > LONGEST_NAME ? bound : `${directory}${name}`
}

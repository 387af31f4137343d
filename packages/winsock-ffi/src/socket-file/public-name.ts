/** publicName: the path that clients know, from the one that a socket was bound to. */
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

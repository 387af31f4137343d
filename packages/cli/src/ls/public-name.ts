/**
 * `DIRECTORY/.NAME.uds-abcdefgh`, or a file of the name `abcdefgh` in a directory of that one: where `@uds/stream` binds
 * a socket before it gives it its public name.
 */
const PRIVATE = /^(.*\/|)\.(.+)\.uds-(\w{8})(?:\/\3)?$/
/** Of longer names only the beginning is in there. */
const LONGEST_NAME = 63

/**
 * The kernel knows a socket by the name that it was bound to, and hears nothing of rename(2): what a listener of
 * `@uds/stream` is called by its clients.
 */
export const publicName = (bound: string): string => {
  const [, directory = '', name = ''] = PRIVATE.exec(bound) ?? []
  return name === '' || name.length > LONGEST_NAME ? bound : `${directory}${name}`
}

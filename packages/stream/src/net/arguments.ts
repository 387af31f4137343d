/** connectPath, isUnixPath, optionsOf: the arguments of `connect` and `listen` that mean an AF_UNIX path. */

/** `\\.\pipe\name`, `\\?\pipe\name`, also with slashes: a named pipe, which Node itself connects and listens to. */
const PIPE = /^[\\/]{2}[.?][\\/]pipe[\\/]/i

/** True for a text that is no name of a pipe. */
export const isUnixPath = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && !PIPE.test(value)

/** `net.connect` passes its arguments to `Socket.connect` as one list of options and callback (lib/net.js). */
const listOf = (args: readonly unknown[]): readonly unknown[] => (Array.isArray(args[0]) ? args[0] : args)

/** The options, if the first argument is an object. */
export const optionsOf = <T extends object>(args: readonly unknown[]): Partial<T> => {
  const [first] = listOf(args)
  return typeof first === 'object' && first !== null ? first : {}
}

/**
 * The AF_UNIX path in `connect(path)` or `connect({ path })`. Node takes a text that reads as a number for a port in the
 * first form (`connect('8080')`), and ignores a port beside a path in the second.
 */
export const connectPath = (args: readonly unknown[]): string | undefined => {
  const [first] = listOf(args)
  if (typeof first === 'string') return isUnixPath(first) && !(Number(first) >= 0) ? first : undefined
  const { path } = optionsOf<{ path: unknown }>(args)
  return isUnixPath(path) ? path : undefined
}

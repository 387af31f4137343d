/** Which calls of `net` mean an AF_UNIX path. The forms are those of Node's own `connect` and `listen`. */

/** `\\.\pipe\name`, `\\?\pipe\name`, also with slashes: a named pipe, which Node does by itself. */
const PIPE = /^[\\/]{2}[.?][\\/]pipe[\\/]/i

const isPath = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && !PIPE.test(value)

/** A text that Node reads as a port is none: `listen('8080')`. */
const isPathAlone = (value: unknown): value is string => isPath(value) && !(Number(value) >= 0)

/** `net.connect` hands its arguments to `Socket.connect` as one list of options and callback (lib/net.js). */
export const listOf = (args: readonly unknown[]): readonly unknown[] =>
  Array.isArray(args[0]) ? args[0] : args

/** The path in `connect(path)` or `connect({ path })`, if it is for AF_UNIX. A port beside it means nothing to Node. */
export const connectPath = (args: readonly unknown[]): string | undefined => {
  const [first] = listOf(args)
  if (isPathAlone(first)) return first
  const { path } = optionsOf<{ path: unknown }>(args)
  return isPath(path) ? path : undefined
}

/** The path in `listen(path)` or `listen({ path })`, if it is for AF_UNIX. A port or a descriptor goes before it. */
export const listenPath = (args: readonly unknown[]): string | undefined => {
  const [first] = listOf(args)
  if (isPathAlone(first)) return first
  const { path, port, fd } = optionsOf<{ path: unknown; port: unknown; fd: unknown }>(args)
  const others = (port !== undefined && port !== null) || (typeof fd === 'number' && fd >= 0)
  return isPathAlone(path) && !others ? path : undefined
}

/** The callback at the end, if there is one. */
export const callbackOf = (args: readonly unknown[]): (() => void) | undefined => {
  const last = listOf(args).at(-1)
  return typeof last === 'function' ? (last as () => void) : undefined
}

/** The options, if the first argument is an object. */
export const optionsOf = <T extends object>(args: readonly unknown[]): Partial<T> => {
  const [first] = listOf(args)
  return typeof first === 'object' && first !== null ? first : {}
}

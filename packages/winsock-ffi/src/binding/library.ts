/** defineLibrary: shared libraries, loaded at the first call. */
import { SocketError } from '../errors/socket-error.ts'
import type { Backend, NativeArgument, NativeFunction, NativeLibrary, NativeResult } from './backend.ts'
import { loadBackend } from './load-backend.ts'

/** A shared library whose functions can be bound by a table (see bind-table.ts). */
export interface Library {
  /** The name for messages: `libc`, `ws2_32.dll`. */
  readonly name: string
  /**
   * Looks a function up.
   *
   * @param variadic - The types behind its `...`.
   */
  symbol(
    name: string,
    result: NativeResult,
    args: readonly NativeArgument[],
    variadic?: readonly NativeArgument[],
  ): NativeFunction
  /** True when the library can be loaded and exports this name. */
  has(name: string): boolean
  /** The error number of the last failed call in this thread. */
  lastError(): number
  /** The one place where an error number becomes an error. */
  toError(nativeCode: number, syscall: string): SocketError
}

export interface LibraryOptions {
  readonly name: string
  /** File names to try in turn; null means what the process itself has loaded. */
  readonly files: readonly (string | null)[]
  /** Why this system cannot have the library, or undefined where it can. */
  readonly unavailable?: string | undefined
  readonly lastError: (backend: Backend) => () => number
  readonly toError: (nativeCode: number, syscall: string) => SocketError
}

/**
 * Describes a shared library. Nothing is loaded before the first call of one of its functions.
 *
 * @throws SocketError `ENOTSUP` from the first call, where the library or the function is not there.
 */
export const defineLibrary = (options: LibraryOptions): Library => {
  let loaded: NativeLibrary | undefined
  let lastError: (() => number) | undefined

  const load = (): NativeLibrary => {
    if (loaded) return loaded
    const unavailable = (detail: string, cause?: unknown): SocketError =>
      new SocketError({
        code: 'ENOTSUP',
        syscall: 'load',
        address: options.name,
        detail,
        advice: 'capabilities() says what this system offers',
        cause,
      })
    if (options.unavailable) throw unavailable(options.unavailable)
    const backend = loadBackend()
    // Found before the first call: to look a function up after a call would change its error number.
    lastError = options.lastError(backend)
    const failures: unknown[] = []
    for (const file of options.files) {
      try {
        loaded = backend.load(file)
        return loaded
      } catch (cause) {
        failures.push(cause)
      }
    }
    throw unavailable(
      `the library could not be loaded (tried ${options.files.map((file) => file ?? 'the process itself').join(', ')})`,
      failures.length === 1 ? failures[0] : new AggregateError(failures),
    )
  }

  return {
    name: options.name,
    symbol: (name, result, args, variadic) => {
      const library = load()
      try {
        return library.func(name, result, args, variadic)
      } catch (cause) {
        throw new SocketError({
          code: 'ENOTSUP',
          syscall: name,
          detail: `${options.name} of this system has no function ${name}`,
          advice: 'capabilities() says what this system offers',
          cause,
        })
      }
    },
    has: (name) => {
      try {
        return load().has(name)
      } catch {
        return false
      }
    },
    lastError: () => {
      if (lastError === undefined) load()
      return lastError!()
    },
    toError: options.toError,
  }
}

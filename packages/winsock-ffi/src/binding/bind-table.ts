/**
 * Binding by table: one row names a C function, its argument types, its result and what means failure. The
 * TypeScript signature is derived from the row, so it cannot disagree with it.
 */
import {
  argumentTypes,
  resultTypes,
  type CArgument,
  type CArguments,
  type CResult,
  type CResults,
} from './ctypes.ts'
import { invalidArgument, missingArgument } from '../errors/wrong-argument.ts'
import type { NativeFunction } from './backend.ts'
import type { Library } from './library.ts'

/** Which result of a C function means that it failed. */
export type Failure =
  /** -1 or any negative number: POSIX calls, SOCKET_ERROR, INVALID_SOCKET, INVALID_HANDLE_VALUE. */
  | 'negative'
  /** 0, FALSE or NULL: most of kernel32, WSA_INVALID_EVENT. */
  | 'zero'
  /** 0xFFFFFFFF: WSA_WAIT_FAILED, WAIT_FAILED. */
  | 'WAIT_FAILED'
  /** Any number but 0, which is then itself the error: WSAStartup. */
  | 'nonzero'
  /** It cannot fail. */
  | 'never'

export interface Row {
  readonly args: readonly CArgument[]
  /**
   * The types behind the `...` of a variadic function. They are kept apart because some calling
   * conventions (macOS on arm64) pass them differently.
   */
  readonly variadic?: readonly CArgument[]
  readonly result: CResult
  readonly fails: Failure
}

export type Rows = Readonly<Record<string, Row>>

type Values<A extends readonly CArgument[]> = { -readonly [I in keyof A]: CArguments[A[I]] }
type Arguments<R extends Row> = R['variadic'] extends readonly CArgument[]
  ? [...Values<R['args']>, ...Values<R['variadic']>]
  : Values<R['args']>

/** A bound function. */
export interface Call<R extends Row> {
  /**
   * Calls the C function.
   *
   * @returns What it returned.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_MISSING_ARGS` for a wrong argument, before the call.
   * @throws SocketError when the result means failure.
   */
  (...args: Arguments<R>): CResults[R['result']]
  /**
   * The same without checks of the arguments and without a throw. It returns the result, or the negated error number.
   * For loops in which a failure such as EAGAIN is ordinary, by code that has checked its arguments itself.
   */
  attempt(...args: Arguments<R>): number
}

export type Bound<T extends Rows> = { readonly [Name in keyof T]: Call<T[Name]> }

const failures: Readonly<Record<Failure, (result: number) => boolean>> = {
  negative: (result) => result < 0,
  // A NULL pointer arrives as null.
  zero: (result) => !result,
  WAIT_FAILED: (result) => result === 0xffff_ffff,
  nonzero: (result) => result !== 0,
  never: () => false,
}

const lookUp = (library: Library, name: string, { args, variadic, result }: Row): NativeFunction =>
  library.symbol(
    name,
    resultTypes[result],
    args.map((type) => argumentTypes[type].native),
    variadic?.map((type) => argumentTypes[type].native),
  )

/**
 * Written out for the usual numbers of arguments, and for the usual sign of failure: a rest parameter costs as much as all
 * else here, on every call, and a function that is called for its opinion of the result nearly so.
 */
const attemptOf = (
  native: NativeFunction,
  fails: Failure,
  errorOf: (result: number) => number,
  arity: number,
): ((...args: unknown[]) => number) => {
  if (fails === 'negative' && arity === 3) {
    return (a, b, c) => {
      const result = native(a, b, c) as number
      return result < 0 ? -errorOf(result) : result
    }
  }
  if (fails === 'negative' && arity === 4) {
    return (a, b, c, d) => {
      const result = native(a, b, c, d) as number
      return result < 0 ? -errorOf(result) : result
    }
  }
  const failed = failures[fails]
  const outcome = (result: number): number => (failed(result) ? -errorOf(result) : result)
  if (arity === 1) return (a) => outcome(native(a) as number)
  if (arity === 3) return (a, b, c) => outcome(native(a, b, c) as number)
  if (arity === 4) return (a, b, c, d) => outcome(native(a, b, c, d) as number)
  if (arity === 5) return (a, b, c, d, e) => outcome(native(a, b, c, d, e) as number)
  if (arity === 6) return (a, b, c, d, e, f) => outcome(native(a, b, c, d, e, f) as number)
  return (...args) => outcome(native(...args) as number)
}

const bindCall = (library: Library, name: string, row: Row): Call<Row> => {
  const native = lookUp(library, name, row)
  const names = [...row.args, ...(row.variadic ?? [])]
  const types = names.map((type) => argumentTypes[type])
  const failed = failures[row.fails]
  const errorOf = (result: number): number => (row.fails === 'nonzero' ? result : library.lastError())

  const call = (...args: unknown[]): unknown => {
    if (args.length !== types.length) throw missingArgument(name, names, args.length)
    for (let index = 0; index < types.length; index += 1) {
      const type = types[index]!
      if (!type.accepts(args[index])) {
        throw invalidArgument(name, `argument ${index + 1} (${names[index]})`, type.expected, args[index])
      }
    }
    const result = native(...args) as number
    if (failed(result)) throw library.toError(errorOf(result), name)
    return result
  }
  const attempt = attemptOf(native, row.fails, errorOf, types.length)
  return Object.assign(call, { attempt }) as unknown as Call<Row>
}

/**
 * Binds a table of rows to a library. A function is looked up when it is first used.
 *
 * @example
 * ```ts
 * const rows = { getppid: { args: [], result: 'int', fails: 'never' } } as const
 * const calls: Bound<typeof rows> = bindTable(library, rows)
 * calls.getppid()
 * ```
 */
export const bindTable = <T extends Rows>(library: Library, rows: T): Bound<T> => {
  const table = {}
  for (const [name, row] of Object.entries(rows)) {
    Object.defineProperty(table, name, {
      configurable: true,
      enumerable: true,
      get: () => {
        const value = bindCall(library, name, row)
        Object.defineProperty(table, name, { value, enumerable: true })
        return value
      },
    })
  }
  return table as Bound<T>
}

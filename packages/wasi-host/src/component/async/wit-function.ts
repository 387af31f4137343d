/** Functions of WIT that the host has, by their types, and how a component calls them: waiting, or as a subtask. */
import { failureOf, type Failure } from '../../outcome/failure.ts'
import { after, SyncPromise, type Outcome } from '../../outcome/sync-promise.ts'
import { isEnd } from '../error-code.ts'
import { result, tuple, type Result } from '../types/compound.ts'
import { expectAligned, FlatValues, type Carried, type FlatValue, type ValueType } from '../types/type.ts'
import type { AsyncHost } from './host.ts'
import { AsyncCall, RETURNED, STARTED, Subtask } from './subtask.ts'
import { addWaitable } from './waitable.ts'

export interface WitFunction {
  readonly parameters: ValueType<readonly unknown[]>
  readonly result: ValueType<unknown> | undefined
  /** An `async func`, which can be called as a subtask. */
  readonly isAsync: boolean
  /** A call that is not async may have to wait all the same, in the system. */
  readonly waits: boolean
  readonly call: (host: AsyncHost, call: AsyncCall, args: readonly unknown[]) => Outcome<unknown>
}

/** By the name of the function: `[method]tcp-socket.connect`. */
export type WitFunctions = Readonly<Record<string, WitFunction>>

type Types<P extends readonly unknown[]> = { readonly [K in keyof P]: ValueType<P[K]> }

/** The streams and futures of a function, in the order that names its built-in functions. */
export const carriedOf = ({ parameters, result: type }: WitFunction): readonly Carried[] => [
  ...(parameters.carried ?? []),
  ...(type?.carried ?? []),
]

/** A function that returns at once; with `waits` it may take a while in the system. */
export const func = <const P extends readonly unknown[], R>(
  parameters: Types<P>,
  type: ValueType<R> | undefined,
  call: (host: AsyncHost, ...args: P) => Outcome<R>,
  { waits = false }: { readonly waits?: boolean } = {},
): WitFunction => ({
  parameters: tuple(...parameters) as ValueType<readonly unknown[]>,
  result: type,
  isAsync: false,
  waits,
  call: (host, _call, args) => call(host, ...(args as unknown as P)),
})

/** An `async func`. */
export const asyncFunc = <const P extends readonly unknown[], R>(
  parameters: Types<P>,
  type: ValueType<R> | undefined,
  call: (host: AsyncHost, call: AsyncCall, ...args: P) => Outcome<R>,
): WitFunction => ({
  parameters: tuple(...parameters) as ValueType<readonly unknown[]>,
  result: type,
  isAsync: true,
  waits: true,
  call: (host, progress, args) => call(host, progress, ...(args as unknown as P)),
})

/** What an action comes to: its failures are values, as the error that `toError` makes of them. */
export const attempt = <T, E>(
  action: () => Outcome<T>,
  toError: (failure: Failure) => E,
): Outcome<Result<T, E>> => {
  const failed = (error: unknown): Result<T, E> => {
    if (isEnd(error)) throw error
    return { error: toError(failureOf(error)) }
  }
  let outcome: Outcome<T>
  try {
    outcome = action()
  } catch (error) {
    return failed(error)
  }
  return outcome instanceof SyncPromise
    ? outcome.follow((ok): Result<T, E> => ({ ok }), failed)
    : { ok: outcome }
}

/** `func(...) -> result<T, E>` where the failures of the call are E. */
export const fallible =
  <E>(error: ValueType<E>, toError: (failure: Failure) => E) =>
  <const P extends readonly unknown[], T>(
    parameters: Types<P>,
    ok: ValueType<T> | undefined,
    call: (host: AsyncHost, ...args: P) => Outcome<T>,
    options?: { readonly waits?: boolean },
  ): WitFunction =>
    func<P, Result<T, E>>(
      parameters,
      result(ok, error),
      (host, ...args) => attempt(() => call(host, ...args), toError),
      options,
    )

/** Flat values that a call takes in its parameters; with more they lie in memory. */
const MOST_FLAT = 16
const MOST_FLAT_ASYNC = 4

/** The flat types of a function as a component imports it. */
export const shapeOf = (
  { parameters, result: type }: WitFunction,
  lowersAsync: boolean,
): { readonly parameters: string; readonly result: string } => {
  const most = lowersAsync ? MOST_FLAT_ASYNC : MOST_FLAT
  const flat = parameters.flat.length > most ? 'i' : parameters.flat
  const results = type?.flat ?? ''
  if (lowersAsync) return { parameters: results === '' ? flat : `${flat}i`, result: 'i' }
  return results.length > 1 ? { parameters: `${flat}i`, result: '' } : { parameters: flat, result: results }
}

/** The arguments, and where the result goes to in memory if it does. */
const lifted = (
  host: AsyncHost,
  { parameters, result: type }: WitFunction,
  args: readonly FlatValue[],
  mostFlat: number,
): { readonly values: readonly unknown[]; readonly at: number } => {
  const at = type ? Number(args.at(-1)) >>> 0 : 0
  if (parameters.flat.length <= mostFlat) return { values: parameters.lift(new FlatValues(host, args)), at }
  const from = expectAligned(Number(args[0]), parameters.align)
  host.guest.memory.check(from, parameters.size)
  return { values: parameters.load(host, from), at }
}

const expectPlace = (host: AsyncHost, type: ValueType<unknown>, at: number): void => {
  expectAligned(at, type.align)
  host.guest.memory.check(at, type.size)
}

/** Calls a function and waits for its end. */
export const callSync = (
  host: AsyncHost,
  wanted: WitFunction,
  args: readonly FlatValue[],
): Outcome<FlatValue | void> => {
  const type = wanted.result
  const inMemory = type !== undefined && type.flat.length > 1
  const { values, at } = lifted(host, wanted, args, MOST_FLAT)
  if (inMemory) expectPlace(host, type, at)
  return after(wanted.call(host, new AsyncCall(), values), (value): FlatValue | void => {
    if (!type) return undefined
    if (inMemory) return type.store(host, at, value)
    return type.lower!(host, value)
  })
}

/** Calls an async function: returns its state, with the subtask if it goes on. */
export const callAsync = (host: AsyncHost, wanted: WitFunction, args: readonly FlatValue[]): number => {
  const type = wanted.result
  const { values, at } = lifted(host, wanted, args, MOST_FLAT_ASYNC)
  if (type) expectPlace(host, type, at)
  const call = new AsyncCall()
  const outcome = wanted.call(host, call, values)
  if (!(outcome instanceof SyncPromise)) {
    type?.store(host, at, outcome)
    return RETURNED
  }
  const subtask = new Subtask(call)
  const index = addWaitable(host.handles, subtask)
  outcome.settle(
    (value) => {
      if (call.cancelled) return
      try {
        type?.store(host, at, value)
        subtask.returned()
      } catch (error) {
        host.tasks.fail(error)
      }
    },
    (error) => {
      if (!call.cancelled) host.tasks.fail(error)
    },
  )
  return STARTED | (index << 4)
}

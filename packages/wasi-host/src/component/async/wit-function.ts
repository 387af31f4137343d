/** Functions of WIT that the host has, by their types, and how a component calls them: waiting, or as a subtask. */
import type { Failure } from '../../outcome/failure.ts'
import { SyncPromise, type Outcome } from '../../outcome/sync-promise.ts'
import { callLowered, functionType, lifted, type FunctionType } from '../canonical/function.ts'
import { result, type Result } from '../canonical/named.ts'
import type { Carried, FlatValue, Types, ValueType } from '../canonical/type.ts'
import { attempt, type RowOptions } from '../row.ts'
import type { AsyncHost } from './host.ts'
import { AsyncCall, RETURNED, STARTED, Subtask } from './subtask.ts'
import { addWaitable } from './waitable.ts'

export interface WitFunction extends FunctionType {
  /** An `async func`, which can be called as a subtask. */
  readonly isAsync: boolean
  /** A call that is not async may have to wait all the same, in the system. */
  readonly waits: boolean
  readonly call: (host: AsyncHost, call: AsyncCall, args: readonly unknown[]) => Outcome<unknown>
}

/** By the name of the function: `[method]tcp-socket.connect`. */
export type WitFunctions = Readonly<Record<string, WitFunction>>

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
  { waits = false }: RowOptions = {},
): WitFunction => ({
  ...functionType(parameters, type),
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
  ...functionType(parameters, type),
  isAsync: true,
  waits: true,
  call: (host, progress, args) => call(host, progress, ...(args as unknown as P)),
})

/** `func(...) -> result<T, E>` where the failures of the call are E. */
export const fallible =
  <E>(error: ValueType<E>, toError: (failure: Failure) => E) =>
  <const P extends readonly unknown[], T>(
    parameters: Types<P>,
    ok: ValueType<T> | undefined,
    call: (host: AsyncHost, ...args: P) => Outcome<T>,
    options?: RowOptions,
  ): WitFunction =>
    func<P, Result<T, E>>(
      parameters,
      result(ok, error),
      (host, ...args) => attempt(() => call(host, ...args), toError),
      options,
    )

/** Calls a function and waits for its end. */
export const callSync = (
  host: AsyncHost,
  wanted: WitFunction,
  args: readonly FlatValue[],
): Outcome<FlatValue | undefined> =>
  callLowered(host, wanted, args, (values) => wanted.call(host, new AsyncCall(), values))

/** Calls an async function: returns its state, with the subtask if it goes on. */
export const callAsync = (host: AsyncHost, wanted: WitFunction, args: readonly FlatValue[]): number => {
  const { values, finish } = lifted(host, wanted, args, 'async lower')
  const call = new AsyncCall()
  const outcome = wanted.call(host, call, values)
  if (!(outcome instanceof SyncPromise)) {
    finish(outcome)
    return RETURNED
  }
  const subtask = new Subtask(call)
  const index = addWaitable(host.handles, subtask)
  outcome.settle(
    (value) => {
      if (call.cancelled) return
      try {
        finish(value)
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

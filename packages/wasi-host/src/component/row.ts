/** row: a function of an interface of 0.2 by its types, called with values of JavaScript. attempt: failures as values. */
import { failureOf, type Failure } from '../outcome/failure.ts'
import { SyncPromise, type Outcome } from '../outcome/sync-promise.ts'
import { callLowered, functionType, shapeOf } from './canonical/function.ts'
import { result, type Result } from './canonical/named.ts'
import type { Types, ValueType } from './canonical/type.ts'
import { isEnd } from './error-code.ts'
import type { ComponentHost, ComponentRow } from './host.ts'

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

export interface RowOptions {
  /** The call may have to wait. */
  readonly waits?: boolean
}

export const row = <const P extends readonly unknown[], R>(
  parameters: Types<P>,
  type: ValueType<R> | undefined,
  call: (host: ComponentHost, ...args: P) => Outcome<R>,
  { waits = false }: RowOptions = {},
): ComponentRow => {
  const types = functionType(parameters, type)
  const shape = shapeOf(types, 'lower')
  return {
    parameters: shape.parameters,
    ...(shape.result !== '' && { result: shape.result as 'i' | 'I' }),
    ...(waits && { waits }),
    call: (host, ...args) =>
      callLowered(host, types, args, (values) => call(host, ...(values as unknown as P))),
  }
}

/** Makes a function of an interface, by its version. */
export type Make<F> = <const P extends readonly unknown[], R>(
  parameters: Types<P>,
  type: ValueType<R> | undefined,
  call: (host: ComponentHost, ...args: P) => Outcome<R>,
  options?: RowOptions,
) => F

/** Makes a function that returns `result<T, E>`: of an interface, by its version. */
export type Fallible<F> = <const P extends readonly unknown[], T>(
  parameters: Types<P>,
  ok: ValueType<T> | undefined,
  call: (host: ComponentHost, ...args: P) => Outcome<T>,
  options?: RowOptions,
) => F

/** A row where what the call fails with is E. */
export const fallibleRow =
  <E>(error: ValueType<E>, toError: (failure: Failure) => E): Fallible<ComponentRow> =>
  (parameters, ok, call, options) =>
    row(
      parameters,
      result(ok, error),
      (host, ...args) => attempt(() => call(host, ...args), toError),
      options,
    )

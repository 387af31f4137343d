/** Calls between components: values are read on one side and written on the other, by the type of the function. */
import { fault, Failure } from '../../outcome/failure.ts'
import { engine } from '../../module/engine.ts'
import { lifted, liftedResult, lowered, shapeOf } from '../canonical/function.ts'
import type { FlatValue } from '../canonical/type.ts'
import type { ComponentHost } from '../host.ts'
import type { CoreFunction, LiftedFunction } from './entities.ts'

/** A pointer that leaves a memory is no error of the call: the component traps. */
const trapping = <T>(action: () => T): T => {
  try {
    return action()
  } catch (error) {
    if (error === fault || error instanceof Failure)
      throw new engine.RuntimeError(`a value between components: ${(error as Failure).detail}`)
    throw error
  }
}

/**
 * A function of one component as another imports it.
 *
 * @param call - Calls it, and may return a promise.
 */
export const crossing = (
  to: LiftedFunction,
  from: ComponentHost,
  call: CoreFunction,
): { readonly call: CoreFunction; readonly shape: string } => {
  const { type } = to
  const cross = (...args: FlatValue[]): unknown =>
    trapping(() => {
      const { values, finish } = lifted(from, type, args, 'lower')
      const end = (returned: unknown): FlatValue | undefined => {
        const value = liftedResult(to.host, type, returned)
        to.postReturn?.(...((returned === undefined ? [] : [returned]) as FlatValue[]))
        return finish(value)
      }
      const returned = call(...lowered(to.host, type, values))
      return returned instanceof Promise
        ? returned.then((late: unknown) => trapping(() => end(late)))
        : end(returned)
    })
  const { parameters, result } = shapeOf(type, 'lower')
  return { call: cross, shape: `${parameters}>${result}` }
}

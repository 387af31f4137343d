/** Calls between components: values are read on one side and written on the other, by the type of the function. */
import { fault, Failure } from '../../outcome/failure.ts'
import { engine } from '../../module/engine.ts'
import { layoutOf, shapeOf } from '../canonical/layout.ts'
import { FlatReader, load, loadFlat } from '../canonical/load.ts'
import { store, storeFlat } from '../canonical/store.ts'
import { tuple, type FunctionType } from '../canonical/types.ts'
import type { ComponentHost } from '../host.ts'
import { readParameters } from '../typed-row.ts'
import type { CoreFunction, LiftedFunction } from './entities.ts'

const passParameters = (
  host: ComponentHost,
  { parameters }: FunctionType,
  values: unknown[],
): (number | bigint)[] => {
  const { spilled } = shapeOf({ parameters, result: undefined }, 'lift')
  if (!spilled) return parameters.flatMap((type, index) => storeFlat(host, type, values[index]))
  const all = tuple(...parameters)
  const { size, align } = layoutOf(all)
  const pointer = host.allocate(align, size)
  store(host, all, values, pointer)
  return [pointer]
}

const takeResult = (host: ComponentHost, type: FunctionType, returned: unknown): unknown => {
  if (!type.result) return undefined
  const { returned: inMemory, results } = shapeOf(type, 'lift')
  if (inMemory) return load(host, type.result, Number(returned))
  return loadFlat(host, type.result, new FlatReader([returned as number | bigint], results))
}

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
  const shape = shapeOf(type, 'lower')
  const finish = (returned: unknown, pointer: number): number | bigint | undefined => {
    const value = takeResult(to.host, type, returned)
    to.postReturn?.(...((returned === undefined ? [] : [returned]) as (number | bigint)[]))
    if (!type.result) return undefined
    if (!shape.returned) return storeFlat(from, type.result, value)[0]
    store(from, type.result, value, pointer)
    return undefined
  }
  const cross = (...args: (number | bigint)[]): unknown =>
    trapping(() => {
      const values = readParameters(from, type.parameters, args)
      const returned = call(...passParameters(to.host, type, values))
      const pointer = Number(args.at(-1) ?? 0)
      return returned instanceof Promise
        ? returned.then((late: unknown) => trapping(() => finish(late, pointer)))
        : finish(returned, pointer)
    })
  return {
    call: cross,
    shape: `${shape.parameters.join('')}>${shape.results.join('')}`,
  }
}

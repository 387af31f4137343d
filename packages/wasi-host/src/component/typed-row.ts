/** typedRow: a function of an interface by its types, called with values of JavaScript. */
import { after, type Outcome } from '../outcome/sync-promise.ts'
import { layoutOf, shapeOf } from './canonical/layout.ts'
import { FlatReader, load, loadFlat } from './canonical/load.ts'
import { store, storeFlat } from './canonical/store.ts'
import type { CanonicalContext, Resource, Type } from './canonical/types.ts'
import { tuple } from './canonical/types.ts'
import type { Class } from './handles.ts'
import type { ComponentHost, ComponentRow } from './host.ts'

/** Resources of the host, by the class that they are of. */
export const hostResource = (type: Class<object>): Resource => ({
  name: type.name,
  lift: (context, handle, own) => {
    const { handles } = context as ComponentHost
    return own ? handles.remove(type, handle) : handles.get(type, handle)
  },
  lower: (context, value) => (context as ComponentHost).handles.add(value as object),
})

/** Reads the parameters of a call. */
export const readParameters = (
  context: CanonicalContext,
  parameters: readonly Type[],
  args: readonly (number | bigint)[],
): unknown[] => {
  const { spilled, parameters: flat } = shapeOf({ parameters, result: undefined }, 'lower')
  if (spilled) return load(context, tuple(...parameters), Number(args[0])) as unknown[]
  const reader = new FlatReader(args, flat)
  return parameters.map((each) => loadFlat(context, each, reader))
}

export interface TypedFunction {
  readonly parameters?: readonly Type[]
  readonly result?: Type
  readonly waits?: true
  // The types are those of the parameters, which TypeScript cannot derive from data without a lot of its own.
  readonly call: (host: ComponentHost, ...args: never[]) => Outcome<unknown>
}

export const typedRow = ({ parameters = [], result, waits, call }: TypedFunction): ComponentRow => {
  const shape = shapeOf({ parameters, result }, 'lower')
  return {
    parameters: shape.parameters.join(''),
    ...(shape.results[0] && { result: shape.results[0] as 'i' | 'I' }),
    ...(waits && { waits }),
    call: (host, ...args) => {
      // Before the call, which may not be taken back.
      if (shape.returned) host.memory.check(args.at(-1)!, layoutOf(result!).size)
      const values = readParameters(host, parameters, args)
      return after((call as (...rest: unknown[]) => Outcome<unknown>)(host, ...values), (value) => {
        if (!result) return undefined
        if (shape.returned) return store(host, result, value, args.at(-1)!)
        return storeFlat(host, result, value)[0]
      })
    },
  }
}

/** Several, by their names. */
export const typedRows = (
  functions: Readonly<Record<string, TypedFunction>>,
): Readonly<Record<string, ComponentRow>> =>
  Object.fromEntries(Object.entries(functions).map(([name, each]) => [name, typedRow(each)]))

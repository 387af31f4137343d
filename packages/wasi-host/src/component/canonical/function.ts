/** How the parameters and the result of a function are passed: in core values, or in memory where they are too many. */
import { after, type Outcome } from '../../outcome/sync-promise.ts'
import type { ComponentHost } from '../host.ts'
import { tuple } from './compound.ts'
import { expectAligned, FlatValues, type FlatValue, type Types, type ValueType } from './type.ts'

/** The types of a function of WIT. */
export interface FunctionType {
  readonly parameters: ValueType<readonly unknown[]>
  readonly result: ValueType<unknown> | undefined
}

export const functionType = <const P extends readonly unknown[], R>(
  parameters: Types<P>,
  result: ValueType<R> | undefined,
): FunctionType => ({
  parameters: tuple(...parameters),
  result,
})

/** Core values that parameters take at most; more lie in memory, and a pointer is passed. */
const MOST_PARAMETERS = 16
const MOST_PARAMETERS_ASYNC = 4

/**
 * A way of passing: `lower` as a component imports a function, `async lower` where it does not wait for the result, `lift`
 * as it exports one.
 */
export type Way = 'lower' | 'async lower' | 'lift'

/** The core types of a function. */
export interface CoreShape {
  readonly parameters: string
  readonly result: string
}

const mostOf = (way: Way): number => (way === 'async lower' ? MOST_PARAMETERS_ASYNC : MOST_PARAMETERS)

/** Whether the result is written to memory, and its place passed. */
const inMemory = ({ result }: FunctionType, way: Way): boolean =>
  result !== undefined && (way === 'async lower' || result.flat.length > 1)

export const shapeOf = (type: FunctionType, way: Way): CoreShape => {
  const { flat } = type.parameters
  const parameters = flat.length > mostOf(way) ? 'i' : flat
  const written = inMemory(type, way)
  if (way === 'lift') return { parameters, result: written ? 'i' : (type.result?.flat ?? '') }
  const result = way === 'async lower' ? 'i' : written ? '' : (type.result?.flat ?? '')
  return { parameters: written ? `${parameters}i` : parameters, result }
}

/** A place that a result can be written to. */
const expectPlace = (host: ComponentHost, { size, align }: ValueType<unknown>, at: number): void =>
  host.memory.check(expectAligned(at, align), size)

/** The arguments of a call that a component makes. */
const readParameters = (
  host: ComponentHost,
  { parameters }: FunctionType,
  args: readonly FlatValue[],
  way: Way,
): readonly unknown[] => {
  const { flat, size, align } = parameters
  if (flat.length <= mostOf(way)) return parameters.lift(new FlatValues(host, args, flat))
  const at = expectAligned(Number(args[0]), align)
  host.memory.check(at, size)
  return parameters.load(host, at)
}

/** What a call that a component makes is about. */
export interface Lifted {
  readonly values: readonly unknown[]
  /** Writes the result to memory, or returns it as the core value that it is. */
  readonly finish: (value: unknown) => FlatValue | undefined
}

/** Reads the arguments of a call that a component makes; that its result has a place is known before the call. */
export const lifted = (
  host: ComponentHost,
  type: FunctionType,
  args: readonly FlatValue[],
  way: 'lower' | 'async lower',
): Lifted => {
  const { result } = type
  if (!result) return { values: readParameters(host, type, args, way), finish: () => undefined }
  if (!inMemory(type, way)) {
    return {
      values: readParameters(host, type, args, way),
      finish: (value) => {
        const flat: FlatValue[] = []
        result.lower(host, value, flat)
        return flat[0]
      },
    }
  }
  const at = Number(args.at(-1)) >>> 0
  expectPlace(host, result, at)
  return {
    values: readParameters(host, type, args, way),
    finish: (value) => {
      result.store(host, at, value)
      return undefined
    },
  }
}

/** Serves a call of a component that waits for its end. */
export const callLowered = (
  host: ComponentHost,
  type: FunctionType,
  args: readonly FlatValue[],
  action: (values: readonly unknown[]) => Outcome<unknown>,
): Outcome<FlatValue | undefined> => {
  const { values, finish } = lifted(host, type, args, 'lower')
  return after(action(values), finish)
}

/** The core values that an export of a component is called with. */
export const lowered = (
  host: ComponentHost,
  { parameters }: FunctionType,
  values: readonly unknown[],
): FlatValue[] => {
  const flat: FlatValue[] = []
  if (parameters.flat.length <= MOST_PARAMETERS) {
    parameters.lower(host, values, flat)
    return flat
  }
  const at = host.allocate(parameters.align, parameters.size)
  parameters.store(host, at, values)
  return [at]
}

/** The result of an export of a component. */
export const liftedResult = (host: ComponentHost, type: FunctionType, returned: unknown): unknown => {
  const { result } = type
  if (!result) return undefined
  if (!inMemory(type, 'lift')) return result.lift(new FlatValues(host, [returned as FlatValue], result.flat))
  const at = expectAligned(Number(returned), result.align)
  host.memory.check(at, result.size)
  return result.load(host, at)
}

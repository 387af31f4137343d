/** Types made of others: records, variants, options, results, lists. */
import type { ComponentHost } from '../host.ts'
import { trap } from '../trap.ts'
import {
  alignTo,
  expectAligned,
  u32,
  u8,
  FlatValues,
  type Carried,
  type FlatValue,
  type ValueType,
} from './type.ts'

/** The streams and futures of several types. */
const carriedBy = (types: readonly { readonly carried?: readonly Carried[] }[]): readonly Carried[] =>
  types.flatMap(({ carried }) => carried ?? [])

type Types<T extends readonly unknown[]> = { readonly [K in keyof T]: ValueType<T[K]> }

/** A tuple, or a record whose fields are known by their order. */
export const tuple = <const T extends readonly unknown[]>(...types: Types<T>): ValueType<T> => {
  const align = Math.max(1, ...types.map((each) => each.align))
  let end = 0
  const places = types.map((each) => {
    const at = alignTo(end, each.align)
    end = at + each.size
    return at
  })
  return {
    flat: types.map(({ flat }) => flat).join(''),
    size: alignTo(end, align),
    align,
    carried: carriedBy(types),
    lift: (from) => types.map((each) => each.lift(from)) as unknown as T,
    load: (host, at) => types.map((each, index) => each.load(host, at + places[index]!)) as unknown as T,
    store: (host, at, values) => {
      for (const [index, each] of types.entries()) each.store(host, at + places[index]!, values[index])
    },
  }
}

/** One case of a variant. */
export interface Case<T = unknown> {
  /** The number of the case. */
  readonly tag: number
  readonly value?: T
}

/** i32 and i64 in one slot are an i64. */
const join = (one: string, other: string | undefined): string =>
  other === undefined || one === other
    ? one
    : (one === 'i' && other === 'f') || (one === 'f' && other === 'i')
      ? 'i'
      : 'I'

const joined = (shapes: readonly string[]): string => {
  const longest = Math.max(0, ...shapes.map(({ length }) => length))
  return Array.from({ length: longest }, (_, index) =>
    shapes.flatMap((shape) => shape[index] ?? []).reduce((one, other) => join(one, other)),
  ).join('')
}

/** A slot that is wider than the value in it. */
const narrowed = (value: FlatValue, type: string): FlatValue =>
  type === 'i' ? Number(BigInt.asIntN(32, BigInt(value))) : value

/** A variant, by the types of its cases; undefined for a case without a value. */
export const variant = (cases: readonly (ValueType<unknown> | undefined)[]): ValueType<Case> => {
  if (cases.length > 256) throw new RangeError('a tag has one byte here')
  const payloads = cases.flatMap((each) => each ?? [])
  const align = Math.max(1, ...payloads.map((each) => each.align))
  const slots = joined(payloads.map(({ flat }) => flat))
  const known = (tag: number): number =>
    tag < cases.length ? tag : trap(`a variant of ${cases.length} cases has no case ${tag}`)
  return {
    flat: `i${slots}`,
    size: alignTo(align + Math.max(0, ...payloads.map(({ size }) => size)), align),
    align,
    carried: carriedBy(payloads),
    lift: (from) => {
      const tag = known(u32.lift(from))
      const values = Array.from(slots, () => from.next())
      const type = cases[tag]
      if (!type) return { tag }
      const own = Array.from(type.flat, (each, index) => narrowed(values[index]!, each))
      return { tag, value: type.lift(new FlatValues(from.host, own)) }
    },
    load: (host, at) => {
      const tag = known(u8.load(host, at))
      const type = cases[tag]
      return type ? { tag, value: type.load(host, at + align) } : { tag }
    },
    store: (host, at, { tag, value }) => {
      cases[tag]?.store(host, at + align, value)
      u8.store(host, at, tag)
    },
    ...(payloads.length === 0 && { lower: (_host: ComponentHost, { tag }: Case): FlatValue => tag }),
  }
}

/** A type that is another one by a conversion. */
export const mapped = <T, R>(
  type: ValueType<T>,
  from: (value: T) => R,
  to: (value: R) => T,
): ValueType<R> => ({
  flat: type.flat,
  size: type.size,
  align: type.align,
  carried: carriedBy([type]),
  lift: (values) => from(type.lift(values)),
  load: (host, at) => from(type.load(host, at)),
  store: (host, at, value) => type.store(host, at, to(value)),
  ...(type.lower && { lower: (host: ComponentHost, value: R): FlatValue => type.lower!(host, to(value)) }),
})

/** An option: undefined is none. */
export const option = <T>(type: ValueType<T>): ValueType<T | undefined> =>
  mapped(
    variant([undefined, type as ValueType<unknown>]),
    ({ tag, value }) => (tag === 0 ? undefined : (value as T)),
    (value) => (value === undefined ? { tag: 0 } : { tag: 1, value }),
  )

/** What a call that may fail returns. */
export type Result<T, E> = { readonly ok: T } | { readonly error: E }

/** A result; either side may have no value. */
export const result = <T, E>(
  ok: ValueType<T> | undefined,
  error: ValueType<E> | undefined,
): ValueType<Result<T, E>> =>
  mapped(
    variant([ok as ValueType<unknown> | undefined, error as ValueType<unknown> | undefined]),
    ({ tag, value }) => (tag === 0 ? { ok: value as T } : { error: value as E }),
    (outcome) => ('ok' in outcome ? { tag: 0, value: outcome.ok } : { tag: 1, value: outcome.error }),
  )

/** Elements of one list at most. */
const MOST_ELEMENTS = 1_000_000

export const list = <T>(type: ValueType<T>): ValueType<readonly T[]> => {
  const read = (host: ComponentHost, pointer: number, count: number): readonly T[] => {
    if (count > MOST_ELEMENTS) return trap(`a list of ${count} elements: ${MOST_ELEMENTS} at most`)
    const at = count === 0 ? 0 : expectAligned(pointer, type.align)
    host.guest.memory.check(at, count * type.size)
    return Array.from({ length: count }, (_, index) => type.load(host, at + index * type.size))
  }
  return {
    flat: 'ii',
    size: 8,
    align: 4,
    carried: carriedBy([type]),
    lift: (from) => {
      const pointer = u32.lift(from)
      return read(from.host, pointer, u32.lift(from))
    },
    load: (host, at) => read(host, u32.load(host, at), u32.load(host, at + 4)),
    store: (host, at, values) =>
      host.setList(at, values, type, (place, value) => type.store(host, place, value)),
  }
}

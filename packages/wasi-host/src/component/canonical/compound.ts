/** Types made of others by their order: tuples, the cases of variants, bits. Named ones are made of these: named.ts. */
import { bitsOfF32, bitsOfF64 } from './bits.ts'
import { numbered, u16, u32, u8 } from './scalars.ts'
import { alignTo, type Carried, type Flat, type FlatValue, type Types, type ValueType } from './type.ts'

/** The streams and futures of several types. */
const carriedBy = (types: readonly { readonly carried?: readonly Carried[] }[]): readonly Carried[] =>
  types.flatMap(({ carried }) => carried ?? [])

/** A tuple; a record by the order of its fields. */
export const tuple = <const T extends readonly unknown[]>(...types: Types<T>): ValueType<T> => {
  const align = types.reduce((most, each) => Math.max(most, each.align), 1)
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
    lower: (host, values, to) => {
      for (const [index, each] of types.entries()) each.lower(host, values[index], to)
    },
  }
}

/** One case of a variant, by its number. */
export interface Case {
  readonly tag: number
  readonly value?: unknown
}

/** The core type that can carry either. */
const join = (one: string, other: string): string => {
  if (one === other) return one
  return (one === 'i' && other === 'f') || (one === 'f' && other === 'i') ? 'i' : 'I'
}

/** The slots that the cases of a variant share. */
const joined = (shapes: readonly string[]): string => {
  const slots: string[] = []
  for (const shape of shapes)
    for (const [index, flat] of shape.split('').entries())
      slots[index] = slots[index] === undefined ? flat : join(slots[index], flat)
  return slots.join('')
}

/** A core value in the slot that it shares with other cases. */
const widened = (value: FlatValue, from: Flat, to: Flat): FlatValue => {
  if (from === to) return value
  if (from === 'F') return bitsOfF64(Number(value))
  const bits = from === 'f' ? bitsOfF32(Number(value)) : Number(value)
  return to === 'i' ? bits : BigInt(bits >>> 0)
}

const zeroes: Readonly<Record<Flat, FlatValue>> = { i: 0, I: 0n, f: 0, F: 0 }

/** A variant, by the types of its cases; undefined for a case without a value. */
export const variantOf = (cases: readonly (ValueType<unknown> | undefined)[]): ValueType<Case> => {
  const tags = numbered(cases.length)
  const payloads = cases.flatMap((each) => each ?? [])
  const widest = payloads.reduce((most, each) => Math.max(most, each.align), 1)
  const largest = payloads.reduce((most, each) => Math.max(most, each.size), 0)
  const align = Math.max(tags.align, widest)
  const payloadAt = alignTo(tags.size, widest)
  const slots = joined(payloads.map(({ flat }) => flat))
  const flats = slots.split('') as Flat[]
  return {
    flat: `i${slots}`,
    size: alignTo(payloadAt + largest, align),
    align,
    carried: carriedBy(payloads),
    lift: (from) => {
      const end = from.at + 1 + slots.length
      const tag = tags.lift(from)
      const value = cases[tag]?.lift(from)
      from.skipTo(end)
      return { tag, value }
    },
    load: (host, at) => {
      const tag = tags.load(host, at)
      return { tag, value: cases[tag]?.load(host, at + payloadAt) }
    },
    store: (host, at, { tag, value }) => {
      cases[tag]?.store(host, at + payloadAt, value)
      tags.store(host, at, tag)
    },
    lower: (host, { tag, value }, to) => {
      to.push(tag)
      const type = cases[tag]
      const own: FlatValue[] = []
      type?.lower(host, value, own)
      for (const [index, slot] of flats.entries())
        to.push(index < own.length ? widened(own[index]!, type!.flat[index] as Flat, slot) : zeroes[slot])
    },
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
  lower: (host, value, flat) => type.lower(host, to(value), flat),
})

/** So many bits, in words of 32 each, the first one in the lowest: what `flags` are. Others than those are dropped. */
export const bits = (count: number): ValueType<readonly number[]> => {
  if (count <= 32) {
    const type = count <= 8 ? u8 : count <= 16 ? u16 : u32
    const mask = count === 32 ? 0xffff_ffff : 2 ** count - 1
    const word = mapped<number, readonly number[]>(
      type,
      (value) => [(value & mask) >>> 0],
      ([value = 0]) => value,
    )
    return count > 0 ? word : { ...word, flat: '', lift: () => [0], lower: () => {} }
  }
  const last = count % 32
  const mask = last === 0 ? 0xffff_ffff : 2 ** last - 1
  const words = tuple<readonly number[]>(...Array.from({ length: Math.ceil(count / 32) }, () => u32))
  return mapped<readonly number[], readonly number[]>(
    words,
    (value) => [...value.slice(0, -1), (value.at(-1)! & mask) >>> 0],
    (value) => value,
  )
}

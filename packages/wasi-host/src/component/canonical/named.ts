/** Types whose parts have names: records, variants, enums, flags, options, results. */
import { bits, mapped, tuple, variantOf } from './compound.ts'
import { numbered } from './scalars.ts'
import type { ValueType } from './type.ts'

/** The name of a field as JavaScript has it: `info-code` is infoCode. */
export type NameInJs<N extends string> = N extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<NameInJs<Rest>>}`
  : N

const nameInJs = (name: string): string =>
  name.replaceAll(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())

type Field = readonly [name: string, type: ValueType<unknown>]
type ValueOf<T> = T extends ValueType<infer V> ? V : never
/** The value of a record. */
export type Fields<F extends readonly Field[]> = {
  readonly [P in F[number] as NameInJs<P[0]>]: ValueOf<P[1]>
}

export const record = <const F extends readonly Field[]>(...fields: F): ValueType<Fields<F>> => {
  const names = fields.map(([name]) => nameInJs(name))
  const types = fields.map(([, type]) => type)
  return mapped<readonly unknown[], Fields<F>>(
    tuple(...types),
    (values) => Object.fromEntries(names.map((name, index) => [name, values[index]])) as Fields<F>,
    (value) => names.map((name) => (value as Record<string, unknown>)[name]),
  )
}

/** A case of a variant: its name, and its value if it has one. */
export interface Tagged {
  readonly tag: string
  readonly val?: unknown
}

/** A value of none of the cases is a mistake of this host. */
const indexOf = (names: readonly string[], name: string): number => {
  const index = names.indexOf(name)
  if (index < 0) throw new TypeError(`there is no case ${JSON.stringify(name)} among ${names.join(', ')}`)
  return index
}

export const variant = (
  ...cases: readonly (readonly [name: string, type?: ValueType<unknown>])[]
): ValueType<Tagged> => {
  const names = cases.map(([name]) => name)
  return mapped(
    variantOf(cases.map(([, type]) => type)),
    ({ tag, value }): Tagged =>
      value === undefined ? { tag: names[tag]! } : { tag: names[tag]!, val: value },
    ({ tag, val }) => ({ tag: indexOf(names, tag), value: val }),
  )
}

export const enumeration = <const N extends string>(...names: readonly N[]): ValueType<N> =>
  mapped(
    numbered(names.length),
    (tag) => names[tag]!,
    (name) => indexOf(names, name),
  )

/** The value of flags: those that are set are true. */
export type Flags<N extends string> = { readonly [P in N as NameInJs<P>]: boolean }

export const flags = <const N extends string>(...names: readonly N[]): ValueType<Flags<N>> => {
  const keys = names.map(nameInJs)
  return mapped<readonly number[], Flags<N>>(
    bits(names.length),
    (words) =>
      Object.fromEntries(
        keys.map((key, index) => [key, ((words[index >> 5]! >>> (index & 31)) & 1) === 1]),
      ) as Flags<N>,
    (value) => {
      const words = Array.from({ length: Math.max(1, Math.ceil(names.length / 32)) }, () => 0)
      for (const [index, key] of keys.entries())
        if ((value as Record<string, boolean>)[key]) words[index >> 5]! |= 1 << (index & 31)
      return words
    },
  )
}

/** An option: undefined is none. */
export const option = <T>(type: ValueType<T>): ValueType<T | undefined> =>
  mapped(
    variantOf([undefined, type as ValueType<unknown>]),
    ({ tag, value }) => (tag === 0 ? undefined : (value as T)),
    (value) => (value === undefined ? { tag: 0 } : { tag: 1, value }),
  )

/** What a call that may fail returns. */
export type Result<T, E> = { readonly ok: T } | { readonly error: E }

/** A result; either side may have no value. */
export const result = <T = undefined, E = undefined>(
  ok?: ValueType<T>,
  error?: ValueType<E>,
): ValueType<Result<T, E>> =>
  mapped(
    variantOf([ok as ValueType<unknown> | undefined, error as ValueType<unknown> | undefined]),
    ({ tag, value }): Result<T, E> => (tag === 0 ? { ok: value as T } : { error: value as E }),
    (outcome) => ('ok' in outcome ? { tag: 0, value: outcome.ok } : { tag: 1, value: outcome.error }),
  )

/** ValueType: how a value of WIT lies in the memory of a guest and among the flat values of a call. The scalar types. */
import type { ComponentHost } from '../host.ts'
import { trap } from '../trap.ts'

/** A flat value of a call. */
export type FlatValue = number | bigint

/** The flat values of a call, taken one after the other. */
export class FlatValues {
  readonly host: ComponentHost
  readonly #values: readonly FlatValue[]
  #next = 0

  constructor(host: ComponentHost, values: readonly FlatValue[]) {
    this.host = host
    this.#values = values
  }

  next(): FlatValue {
    return this.#values[this.#next++]!
  }
}

/** A stream or a future inside of a type, which the built-in functions of 0.3 are named after. */
export interface Carried {
  readonly kind: 'stream' | 'future'
  readonly type: ValueType<unknown>
}

/**
 * A type of WIT.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
export interface ValueType<T> {
  /** Its flat types: `i` an i32, `I` an i64, `f`, `F`. */
  readonly flat: string
  /** Bytes in memory. */
  readonly size: number
  readonly align: number
  /** Takes a value from flat values. */
  lift(from: FlatValues): T
  /** Reads a value from memory. */
  load(host: ComponentHost, at: number): T
  /** Writes a value into memory. */
  store(host: ComponentHost, at: number, value: T): void
  /** The streams and futures in it, in their order. */
  readonly carried?: readonly Carried[]
  /** The one flat value of a type that has one. */
  lower?(host: ComponentHost, value: T): FlatValue
}

/** The place of something behind `at` that is aligned so. */
export const alignTo = (at: number, align: number): number => Math.ceil(at / align) * align

/** Traps unless a pointer is aligned: only a broken guest has such. */
export const expectAligned = (pointer: number, align: number): number => {
  const at = pointer >>> 0
  return at % align === 0 ? at : trap(`the pointer ${at} is not aligned to ${align}`)
}

/** A number of up to 32 bits. */
const scalar = (
  bits: 8 | 32,
  of: (flat: number) => number,
  read: (host: ComponentHost, at: number) => number,
  write: (host: ComponentHost, at: number, value: number) => void,
): ValueType<number> => ({
  flat: 'i',
  size: bits / 8,
  align: bits / 8,
  lift: (from) => of(Number(from.next())),
  load: read,
  store: write,
  lower: (_host, value) => value,
})

export const u8: ValueType<number> = scalar(
  8,
  (flat) => flat & 0xff,
  ({ guest }, at) => guest.memory.u8(at),
  ({ guest }, at, value) => guest.memory.setU8(at, value),
)
export const u32: ValueType<number> = scalar(
  32,
  (flat) => flat >>> 0,
  ({ guest }, at) => guest.memory.u32(at),
  ({ guest }, at, value) => guest.memory.setU32(at, value),
)

export const u64: ValueType<bigint> = {
  flat: 'I',
  size: 8,
  align: 8,
  lift: (from) => BigInt.asUintN(64, BigInt(from.next())),
  load: ({ guest }, at) => guest.memory.u64(at),
  store: ({ guest }, at, value) => guest.memory.setU64(at, value),
  lower: (_host, value) => BigInt.asIntN(64, value),
}

export const bool: ValueType<boolean> = {
  flat: 'i',
  size: 1,
  align: 1,
  lift: (from) => Number(from.next()) !== 0,
  load: ({ guest }, at) => guest.memory.u8(at) !== 0,
  store: ({ guest }, at, value) => guest.memory.setU8(at, value ? 1 : 0),
  lower: (_host, value) => (value ? 1 : 0),
}

/** An enum, by the number of its case. */
export const enumeration = (cases: number): ValueType<number> => {
  const known = (value: number): number =>
    value < cases ? value : trap(`an enum of ${cases} has no case ${value}`)
  return {
    ...u8,
    lift: (from) => known(u32.lift(from)),
    load: (host, at) => known(u8.load(host, at)),
  }
}

/**
 * ValueType: how values of a type of WIT are passed: in memory, and in the core values of a call.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
import type { ComponentHost } from '../host.ts'
import { trap } from '../trap.ts'
import { f32OfBits, f64OfBits } from './bits.ts'

/** A core value of a call. */
export type FlatValue = number | bigint

/** A core type: `i` an i32, `I` an i64, `f` an f32, `F` an f64. */
export type Flat = 'i' | 'I' | 'f' | 'F'

/** The core values of a call, taken one after the other. */
export class FlatValues {
  readonly host: ComponentHost
  readonly #values: readonly FlatValue[]
  readonly #slots: string
  #at = 0

  /** @param slots - The core types that the values are passed in. */
  constructor(host: ComponentHost, values: readonly FlatValue[], slots: string) {
    this.host = host
    this.#values = values
    this.#slots = slots
  }

  /** The next one, as the type that is wanted: its slot may be wider, since the cases of a variant share slots. */
  next(wanted: Flat): FlatValue {
    const slot = this.#slots[this.#at]
    const value = this.#values[this.#at++]!
    if (slot === wanted) return value
    if (slot === 'i') return f32OfBits(Number(value) >>> 0)
    const bits = BigInt.asUintN(64, BigInt(value))
    if (wanted === 'F') return f64OfBits(bits)
    const low = Number(BigInt.asUintN(32, bits))
    return wanted === 'f' ? f32OfBits(low) : low
  }

  /** An i32 without its sign. */
  word(): number {
    return Number(this.next('i')) >>> 0
  }

  get at(): number {
    return this.#at
  }

  skipTo(at: number): void {
    this.#at = at
  }
}

/** A stream or a future inside of a type, which the built-in functions of 0.3 are named after. */
export interface Carried {
  readonly kind: 'stream' | 'future'
  readonly type: ValueType<unknown>
}

export interface ValueType<T> {
  /** The core types that it is passed in, a letter for each: see {@link Flat}. */
  readonly flat: string
  /** Bytes in memory. */
  readonly size: number
  readonly align: number
  /** Takes a value out of core values. */
  lift(from: FlatValues): T
  /** Reads a value from memory. */
  load(host: ComponentHost, at: number): T
  /** Writes a value into memory. */
  store(host: ComponentHost, at: number, value: T): void
  /** Adds the core values that pass a value: as many as {@link flat} has letters. */
  lower(host: ComponentHost, value: T, to: FlatValue[]): void
  /** The streams and futures in it, in their order. */
  readonly carried?: readonly Carried[]
}

/** Types by the values that they are of. */
export type Types<T extends readonly unknown[]> = { readonly [K in keyof T]: ValueType<T[K]> }

/** The place of something behind `at` that is aligned so. */
export const alignTo = (at: number, align: number): number => Math.ceil(at / align) * align

/** Traps unless a pointer is aligned: only a broken guest has such. */
export const expectAligned = (pointer: number, align: number): number => {
  const at = pointer >>> 0
  return at % align === 0 ? at : trap(`the pointer ${at} is not aligned to ${align}`)
}

/** Lifts values: out of memory, and out of the core values that a call passes. */
import { trap } from '../trap.ts'
import { alignTo, flatten, layoutOf, payloadAt, tagSize, type Flat } from './layout.ts'
import { loadText } from './text.ts'
import { casesOf, partsOf, type Case, type CanonicalContext, type Tagged, type Type } from './types.ts'

const view = new DataView(new ArrayBuffer(8))

export const f32OfBits = (bits: number): number => {
  view.setUint32(0, bits)
  return view.getFloat32(0)
}

export const f64OfBits = (bits: bigint): number => {
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}

const LAST_CHAR = 0x10_ffff

const charOf = (code: number): string =>
  code > LAST_CHAR || (code >= 0xd800 && code <= 0xdfff)
    ? trap(`${code} is no Unicode scalar value`)
    : String.fromCodePoint(code)

/** A whole number of 32 bits or less, as its type has it. */
const integers: Readonly<Record<string, (word: number) => unknown>> = {
  bool: (word) => word !== 0,
  u8: (word) => word & 0xff,
  s8: (word) => (word << 24) >> 24,
  u16: (word) => word & 0xffff,
  s16: (word) => (word << 16) >> 16,
  u32: (word) => word >>> 0,
  s32: (word) => word | 0,
  char: (word) => charOf(word >>> 0),
}

/** camelCase, as jco and others have the names of WIT in JavaScript. */
export const nameInJs = (name: string): string =>
  name.replaceAll(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())

const assemble = (type: Type, values: readonly unknown[]): unknown =>
  type.kind === 'record'
    ? Object.fromEntries(type.fields.map(([name], index) => [nameInJs(name), values[index]]))
    : values

/** Options nested in options keep their tags, since undefined could be either. */
const isNested = (type: Type): boolean => type.kind === 'option' && type.of.kind === 'option'

const choose = (type: Type, name: string, val: unknown): unknown => {
  if (type.kind === 'enum') return name
  if (type.kind === 'option' && !isNested(type)) return name === 'none' ? undefined : val
  const tagged: Tagged = val === undefined ? { tag: name } : { tag: name, val }
  return tagged
}

const caseAt = (cases: readonly Case[], index: number): Case =>
  cases[index] ?? trap(`there is no case ${index} of ${cases.length}`)

const flagsOf = (names: readonly string[], words: readonly number[]): Record<string, boolean> =>
  Object.fromEntries(
    names.map((name, index) => [nameInJs(name), ((words[index >> 5]! >>> (index & 31)) & 1) === 1]),
  )

/** Items of one list at most, and bytes of one: what a call copies holds up the thread. */
const MOST_ITEMS = 1_000_000
const MOST_BYTES = 64 * 1024 * 1024

/** The items of a list are in memory, wherever the list itself is. */
const loadList = (context: CanonicalContext, of: Type, pointer: number, length: number): unknown => {
  const { size, align } = layoutOf(of)
  if (pointer % align !== 0) trap(`the list at ${pointer} is not aligned to ${align}`)
  if (length > (of.kind === 'u8' ? MOST_BYTES : MOST_ITEMS)) trap(`a list of ${length} items is too long`)
  if (size * length > 0) context.memory.check(pointer, size * length)
  if (of.kind === 'u8') return context.memory.copy(pointer, length)
  return Array.from({ length }, (_, index) => load(context, of, pointer + index * size))
}

const loadTag = ({ memory }: CanonicalContext, at: number, cases: number): number => {
  const size = tagSize(cases)
  return size === 1 ? memory.u8(at) : size === 2 ? memory.u16(at) : memory.u32(at)
}

const loadFlags = ({ memory }: CanonicalContext, names: readonly string[], at: number): unknown => {
  const { size } = layoutOf({ kind: 'flags', names })
  if (size < 4) return flagsOf(names, [size === 1 ? memory.u8(at) : memory.u16(at)])
  return flagsOf(
    names,
    Array.from({ length: size / 4 }, (_, index) => memory.u32(at + 4 * index)),
  )
}

/** Reads a value that lies at a place of the memory. */
export const load = (context: CanonicalContext, type: Type, place: number): unknown => {
  const { memory } = context
  const at = place >>> 0
  const cases = casesOf(type)
  if (cases) {
    const [name, payload] = caseAt(cases, loadTag(context, at, cases.length))
    return choose(type, name, payload && load(context, payload, at + payloadAt(cases)))
  }
  const parts = partsOf(type)
  if (parts) {
    let next = at
    const values = parts.map((part) => {
      const { size, align } = layoutOf(part)
      const from = alignTo(next, align)
      next = from + size
      return load(context, part, from)
    })
    return assemble(type, values)
  }
  switch (type.kind) {
    case 'string':
      return loadText(context, memory.u32(at), memory.u32(at + 4))
    case 'list':
      return loadList(context, type.of, memory.u32(at), memory.u32(at + 4))
    case 'handle':
      return type.resource.lift(context, memory.u32(at), type.own)
    case 'flags':
      return loadFlags(context, type.names, at)
    case 'u64':
      return memory.u64(at)
    case 's64':
      return BigInt.asIntN(64, memory.u64(at))
    case 'f32':
      return f32OfBits(memory.u32(at))
    case 'f64':
      return f64OfBits(memory.u64(at))
    default: {
      const { size } = layoutOf(type)
      return integers[type.kind]!(size === 1 ? memory.u8(at) : size === 2 ? memory.u16(at) : memory.u32(at))
    }
  }
}

/** The core values of a call, taken one after the other. */
export class FlatReader {
  readonly #values: readonly (number | bigint)[]
  readonly #types: readonly Flat[]
  #at = 0

  constructor(values: readonly (number | bigint)[], types: readonly Flat[]) {
    this.#values = values
    this.#types = types
  }

  /** The next one, as the type that is wanted: its slot may be wider, since the cases of a variant share slots. */
  next(wanted: Flat): number | bigint {
    const value = this.#values[this.#at]!
    const slot = this.#types[this.#at++]!
    if (slot === wanted) return value
    if (slot === 'i') return f32OfBits(Number(value) >>> 0)
    const bits = BigInt.asUintN(64, BigInt(value))
    if (wanted === 'F') return f64OfBits(bits)
    const low = Number(BigInt.asUintN(32, bits))
    return wanted === 'f' ? f32OfBits(low) : low
  }

  word(): number {
    return Number(this.next('i')) >>> 0
  }

  skipTo(at: number): void {
    this.#at = at
  }

  get at(): number {
    return this.#at
  }
}

/** Reads a value that is passed in core values. */
export const loadFlat = (context: CanonicalContext, type: Type, from: FlatReader): unknown => {
  const cases = casesOf(type)
  if (cases) {
    const end = from.at + flatten(type).length
    const [name, payload] = caseAt(cases, from.word())
    const value = payload && loadFlat(context, payload, from)
    from.skipTo(end)
    return choose(type, name, value)
  }
  const parts = partsOf(type)
  if (parts)
    return assemble(
      type,
      parts.map((part) => loadFlat(context, part, from)),
    )
  switch (type.kind) {
    case 'string':
      return loadText(context, from.word(), from.word())
    case 'list':
      return loadList(context, type.of, from.word(), from.word())
    case 'handle':
      return type.resource.lift(context, from.word(), type.own)
    case 'flags':
      return flagsOf(
        type.names,
        flatten(type).map(() => from.word()),
      )
    case 'u64':
      return BigInt.asUintN(64, BigInt(from.next('I')))
    case 's64':
      return BigInt.asIntN(64, BigInt(from.next('I')))
    case 'f32':
      return from.next('f')
    case 'f64':
      return from.next('F')
    default:
      return integers[type.kind]!(from.word())
  }
}

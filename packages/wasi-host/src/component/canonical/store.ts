/** Lowers values: into memory, and into the core values that a call passes. */
import { alignTo, flatten, layoutOf, payloadAt, tagSize, type Flat } from './layout.ts'
import { nameInJs } from './load.ts'
import { storeText } from './text.ts'
import { casesOf, partsOf, type Case, type CanonicalContext, type Tagged, type Type } from './types.ts'

const view = new DataView(new ArrayBuffer(8))

const bitsOfF32 = (value: number): number => {
  view.setFloat32(0, value)
  return view.getUint32(0)
}

const bitsOfF64 = (value: number): bigint => {
  view.setFloat64(0, value)
  return view.getBigUint64(0)
}

const wrong = (type: Type, value: unknown): never => {
  const shown = typeof value === 'string' ? JSON.stringify(value) : typeof value
  throw Object.assign(new TypeError(`a value of type ${type.kind} cannot be made of ${shown}`), {
    code: 'ERR_INVALID_ARG_VALUE',
  })
}

/** The number of the case that a value is of, and what that carries. */
const caseOf = (type: Type, cases: readonly Case[], value: unknown): [index: number, payload: unknown] => {
  if (type.kind === 'option' && type.of.kind !== 'option')
    return value === undefined ? [0, undefined] : [1, value]
  const { tag, val } = type.kind === 'enum' ? { tag: value as string, val: undefined } : (value as Tagged)
  const index = cases.findIndex(([name]) => name === tag)
  return index < 0 ? wrong(type, value) : [index, val]
}

const valuesOf = (type: Type, value: unknown): readonly unknown[] => {
  if (typeof value !== 'object' || value === null) return wrong(type, value)
  return type.kind === 'record'
    ? type.fields.map(([name]) => (value as Record<string, unknown>)[nameInJs(name)])
    : (value as readonly unknown[])
}

const wordsOf = (names: readonly string[], value: unknown): number[] => {
  const words = Array.from({ length: Math.max(1, Math.ceil(names.length / 32)) }, () => 0)
  for (const [index, name] of names.entries())
    if ((value as Record<string, unknown> | undefined)?.[nameInJs(name)] === true)
      words[index >> 5]! |= 1 << (index & 31)
  return words
}

const wordOf = (type: Type, value: unknown): number => {
  if (type.kind === 'bool') return value ? 1 : 0
  if (type.kind !== 'char') return typeof value === 'number' ? value : wrong(type, value)
  return typeof value === 'string' ? (value.codePointAt(0) ?? wrong(type, value)) : wrong(type, value)
}

const bigintOf = (type: Type, value: unknown): bigint => {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : wrong(type, value)
}

const bytesOf = (value: unknown): Uint8Array | undefined => {
  if (value instanceof Uint8Array) return value
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined
}

const storeList = (context: CanonicalContext, type: Type, of: Type, value: unknown): [number, number] => {
  const { size, align } = layoutOf(of)
  const bytes = of.kind === 'u8' ? bytesOf(value) : undefined
  const items = bytes ?? (Array.isArray(value) ? (value as unknown[]) : wrong(type, value))
  const pointer = context.allocate(align, items.length * size)
  if (bytes) context.memory.write(pointer, bytes)
  else for (const [index, item] of items.entries()) store(context, of, item, pointer + index * size)
  return [pointer, items.length]
}

const storePair = ({ memory }: CanonicalContext, at: number, [one, other]: [number, number]): void => {
  memory.setU32(at, one)
  memory.setU32(at + 4, other)
}

const storeWord = ({ memory }: CanonicalContext, at: number, size: number, word: number): void => {
  if (size === 1) memory.setU8(at, word)
  else if (size === 2) memory.setU16(at, word)
  else memory.setU32(at, word)
}

/** Writes a value to a place of the memory. */
export const store = (context: CanonicalContext, type: Type, value: unknown, place: number): void => {
  const { memory } = context
  const at = place >>> 0
  const cases = casesOf(type)
  if (cases) {
    const [index, payload] = caseOf(type, cases, value)
    storeWord(context, at, tagSize(cases.length), index)
    const of = cases[index]![1]
    return of && store(context, of, payload, at + payloadAt(cases))
  }
  const parts = partsOf(type)
  if (parts) {
    let next = at
    const values = valuesOf(type, value)
    for (const [index, part] of parts.entries()) {
      const { size, align } = layoutOf(part)
      const to = alignTo(next, align)
      next = to + size
      store(context, part, values[index], to)
    }
    return
  }
  switch (type.kind) {
    case 'string':
      return storePair(
        context,
        at,
        storeText(context, typeof value === 'string' ? value : wrong(type, value)),
      )
    case 'list':
      return storePair(context, at, storeList(context, type, type.of, value))
    case 'handle':
      return memory.setU32(at, type.resource.lower(context, value, type.own))
    case 'flags': {
      const { size } = layoutOf(type)
      const words = wordsOf(type.names, value)
      if (size < 4) return storeWord(context, at, size, words[0]!)
      for (const [index, word] of words.entries()) memory.setU32(at + 4 * index, word)
      return
    }
    case 'u64':
    case 's64':
      return memory.setU64(at, BigInt.asUintN(64, bigintOf(type, value)))
    case 'f32':
      return memory.setU32(at, bitsOfF32(Number(value)))
    case 'f64':
      return memory.setU64(at, bitsOfF64(Number(value)))
    default:
      return storeWord(context, at, layoutOf(type).size, wordOf(type, value))
  }
}

/** A core value in the slot that it shares with the other cases of a variant. */
const widened = (value: number | bigint, from: Flat, to: Flat): number | bigint => {
  if (from === to) return value
  const bits = from === 'f' ? bitsOfF32(Number(value)) : value
  if (to === 'i') return bits
  return from === 'F' ? bitsOfF64(Number(value)) : BigInt(Number(bits) >>> 0)
}

const zeroes: Readonly<Record<Flat, number | bigint>> = { i: 0, I: 0n, f: 0, F: 0 }

/** The core values that pass a value. */
export const storeFlat = (context: CanonicalContext, type: Type, value: unknown): (number | bigint)[] => {
  const cases = casesOf(type)
  if (cases) {
    const [index, payload] = caseOf(type, cases, value)
    const of = cases[index]![1]
    const slots = flatten(type).slice(1)
    const flats = of ? flatten(of) : []
    const values = of ? storeFlat(context, of, payload) : []
    return [
      index,
      ...slots.map((slot, at) =>
        at < values.length ? widened(values[at]!, flats[at]!, slot) : zeroes[slot],
      ),
    ]
  }
  const parts = partsOf(type)
  if (parts) {
    const values = valuesOf(type, value)
    return parts.flatMap((part, index) => storeFlat(context, part, values[index]))
  }
  switch (type.kind) {
    case 'string':
      return storeText(context, typeof value === 'string' ? value : wrong(type, value))
    case 'list':
      return storeList(context, type, type.of, value)
    case 'handle':
      return [type.resource.lower(context, value, type.own)]
    case 'flags':
      return type.names.length === 0 ? [] : wordsOf(type.names, value)
    case 'u64':
    case 's64':
      return [BigInt.asIntN(64, bigintOf(type, value))]
    case 'f32':
    case 'f64':
      return [Number(value)]
    default:
      return [wordOf(type, value) | 0]
  }
}

/** Sizes, alignments and flat types of values: where a value lies in memory, and which core values it is passed in. */
import { casesOf, partsOf, type Case, type FunctionType, type Scalar, type Type } from './types.ts'

/** A core type: `i` an i32, `I` an i64, `f` an f32, `F` an f64. */
export type Flat = 'i' | 'I' | 'f' | 'F'

const sizes: Readonly<Record<Scalar, number>> = {
  bool: 1,
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s32: 4,
  u32: 4,
  s64: 8,
  u64: 8,
  f32: 4,
  f64: 8,
  char: 4,
}

const flats: Readonly<Partial<Record<Scalar, Flat>>> = { s64: 'I', u64: 'I', f32: 'f', f64: 'F' }

/** Where a value lies. */
export interface Layout {
  readonly size: number
  readonly align: number
}

export const alignTo = (at: number, align: number): number => Math.ceil(at / align) * align

/** The bytes of the number of a case. */
export const tagSize = (cases: number): number => (cases <= 256 ? 1 : cases <= 65_536 ? 2 : 4)

/** `flags`: a byte, two, or as many words as are needed. */
const flagsLayout = (names: number): Layout => {
  const align = names <= 8 ? 1 : names <= 16 ? 2 : 4
  return { size: align < 4 ? align : 4 * Math.ceil(names / 32), align }
}

const known = new WeakMap<Type, Layout>()

const measure = (type: Type): Layout => {
  const cases = casesOf(type)
  if (cases) {
    const tag = tagSize(cases.length)
    const payloads = cases.flatMap(([, each]) => (each ? [layoutOf(each)] : []))
    const align = Math.max(tag, ...payloads.map((each) => each.align))
    const payload = alignTo(tag, Math.max(1, ...payloads.map((each) => each.align)))
    return { size: alignTo(payload + Math.max(0, ...payloads.map((each) => each.size)), align), align }
  }
  const parts = partsOf(type)
  if (parts) {
    let [size, align] = [0, 1]
    for (const part of parts.map(layoutOf)) {
      size = alignTo(size, part.align) + part.size
      align = Math.max(align, part.align)
    }
    return { size: alignTo(size, align), align }
  }
  if (type.kind === 'string' || type.kind === 'list') return { size: 8, align: 4 }
  if (type.kind === 'handle') return { size: 4, align: 4 }
  if (type.kind === 'flags') return flagsLayout(type.names.length)
  const size = sizes[type.kind as Scalar]
  return { size, align: size }
}

export const layoutOf = (type: Type): Layout => {
  const before = known.get(type)
  if (before) return before
  const layout = measure(type)
  known.set(type, layout)
  return layout
}

/** Where the payload of a variant begins. */
export const payloadAt = (cases: readonly Case[]): number =>
  alignTo(
    tagSize(cases.length),
    Math.max(1, ...cases.flatMap(([, each]) => (each ? [layoutOf(each).align] : []))),
  )

/** The core type that can carry either. */
const join = (one: Flat, other: Flat): Flat => {
  if (one === other) return one
  return (one === 'i' && other === 'f') || (one === 'f' && other === 'i') ? 'i' : 'I'
}

/** The core values that a value is passed in. */
export const flatten = (type: Type): readonly Flat[] => {
  const cases = casesOf(type)
  if (cases) {
    const slots: Flat[] = []
    for (const [, each] of cases)
      for (const [index, flat] of (each ? flatten(each) : []).entries())
        slots[index] = slots[index] === undefined ? flat : join(slots[index], flat)
    return ['i', ...slots]
  }
  const parts = partsOf(type)
  if (parts) return parts.flatMap(flatten)
  if (type.kind === 'string' || type.kind === 'list') return ['i', 'i']
  if (type.kind === 'flags')
    return type.names.length === 0
      ? []
      : Array.from({ length: Math.ceil(type.names.length / 32) }, () => 'i' as const)
  return [flats[type.kind as Scalar] ?? 'i']
}

/** More core values than so many become a pointer to all of them. */
const MOST_PARAMETERS = 16
const MOST_RESULTS = 1

/** How a function is called. */
export interface CoreShape {
  readonly parameters: readonly Flat[]
  readonly results: readonly Flat[]
  /** The parameters lie in memory, and a pointer to them is passed. */
  readonly spilled: boolean
  /** The result lies in memory: a pointer is the last parameter of a lowered function, and the result of a lifted one. */
  readonly returned: boolean
}

export const shapeOf = ({ parameters, result }: FunctionType, way: 'lift' | 'lower'): CoreShape => {
  const flat = parameters.flatMap(flatten)
  const results = result ? flatten(result) : []
  const spilled = flat.length > MOST_PARAMETERS
  const returned = results.length > MOST_RESULTS
  const passed: readonly Flat[] = spilled ? ['i'] : flat
  if (!returned) return { parameters: passed, results, spilled, returned }
  return way === 'lower'
    ? { parameters: [...passed, 'i'], results: [], spilled, returned }
    : { parameters: passed, results: ['i'], spilled, returned }
}

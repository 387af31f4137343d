/**
 * Builds small guests, so that every import can be called as a compiled guest would call it: for each import an export
 * of the same type that passes its parameters on.
 */

export interface Import {
  readonly module: string
  readonly name: string
  /** `i` an i32, `I` an i64; every import gives an i32 unless `result` is ''. */
  readonly parameters: string
  readonly result?: '' | 'i'
  /** The name of the export that calls it; that of the import unless given. */
  readonly as?: string
}

export interface ModuleOptions {
  readonly imports: readonly Import[]
  /** Pages of memory; 2 unless given. */
  readonly pages?: number
  /** Bytes in the memory from the start. */
  readonly data?: readonly { readonly at: number; readonly bytes: Uint8Array }[]
  /** Custom sections without content, by name. */
  readonly sections?: readonly string[]
  /** More functions: `() -> i32` of raw instructions, with the index of an import by `call`. */
  readonly functions?: readonly {
    readonly name: string
    readonly parameters?: string
    readonly result?: '' | 'i'
    readonly locals?: number
    readonly code: (call: (name: string) => number[]) => number[]
  }[]
}

const I32 = 0x7f
const I64 = 0x7e

/** Unsigned LEB128. */
export const u = (value: number): number[] => {
  const bytes: number[] = []
  let left = value >>> 0
  do {
    bytes.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0))
    left >>>= 7
  } while (left !== 0)
  return bytes
}

/** Signed LEB128. */
export const s = (value: number): number[] => {
  const bytes: number[] = []
  let left = value | 0
  for (;;) {
    const byte = left & 0x7f
    left >>= 7
    if ((left === 0 && (byte & 0x40) === 0) || (left === -1 && (byte & 0x40) !== 0)) return [...bytes, byte]
    bytes.push(byte | 0x80)
  }
}

export const constant = (value: number): number[] => [0x41, ...s(value)]
export const local = (index: number): number[] => [0x20, ...u(index)]

const text = (value: string): number[] => {
  const bytes = [...Buffer.from(value)]
  return [...u(bytes.length), ...bytes]
}

const list = (items: readonly number[][]): number[] => [...u(items.length), ...items.flat()]
const section = (id: number, content: number[]): number[] => [id, ...u(content.length), ...content]
const types = (shape: string): number[][] => Array.from(shape, (each) => [each === 'I' ? I64 : I32])
const type = (parameters: string, result: string): number[] => [
  0x60,
  ...list(types(parameters)),
  ...list(types(result)),
]
const body = (locals: number, code: number[]): number[] => {
  const content = [...(locals > 0 ? [1, ...u(locals), I32] : [0]), ...code, 0x0b]
  return [...u(content.length), ...content]
}

export const buildModule = ({
  imports,
  pages = 2,
  data = [],
  sections = [],
  functions = [],
}: ModuleOptions): Uint8Array => {
  const call = (name: string): number[] => {
    const index = imports.findIndex((each) => (each.as ?? each.name) === name)
    if (index < 0) throw new Error(`no import ${name}`)
    return [0x10, ...u(index)]
  }
  const passing = imports.map((each) => ({
    name: each.as ?? each.name,
    parameters: each.parameters,
    result: each.result ?? 'i',
    locals: 0,
    code: (use: typeof call) => [
      ...Array.from(each.parameters, (_, index) => local(index)).flat(),
      ...use(each.as ?? each.name),
    ],
  }))
  // The memory can be made larger from outside.
  const grow = {
    name: 'grow',
    parameters: 'i',
    result: 'i',
    locals: 0,
    code: () => [...local(0), 0x40, 0x00],
  }
  const all = [
    ...passing,
    grow,
    ...functions.map((each) => ({ parameters: '', result: 'i', locals: 0, ...each })),
  ]
  const bytes = [
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(
      1,
      list([
        ...imports.map((each) => type(each.parameters, each.result ?? 'i')),
        ...all.map((each) => type(each.parameters, each.result)),
      ]),
    ),
    ...section(
      2,
      list(imports.map((each, index) => [...text(each.module), ...text(each.name), 0, ...u(index)])),
    ),
    ...section(3, list(all.map((_, index) => u(imports.length + index)))),
    ...section(5, list([[0, ...u(pages)]])),
    ...section(
      7,
      list([
        [...text('memory'), 2, 0],
        ...all.map((each, index) => [...text(each.name), 0, ...u(imports.length + index)]),
      ]),
    ),
    ...section(10, list(all.map((each) => body(each.locals, each.code(call))))),
    ...(data.length > 0
      ? section(
          11,
          list(
            data.map(({ at, bytes: content }) => [
              0,
              ...constant(at),
              0x0b,
              ...u(content.length),
              ...content,
            ]),
          ),
        )
      : []),
    ...sections.flatMap((name) => section(0, text(name))),
  ]
  return Uint8Array.from(bytes)
}

const PREVIEW1 = 'wasi_snapshot_preview1'

/** Imports of `wasi_snapshot_preview1`, written `name:iii`. */
export const preview1 = (...names: string[]): Import[] => of(PREVIEW1, names)
export const udsSocket = (...names: string[]): Import[] => of('uds_socket', names, 'uds_')

const of = (module: string, names: readonly string[], prefix = ''): Import[] =>
  names.map((each) => {
    const [name, parameters] = each.split(':') as [string, string]
    return { module, name, parameters, as: `${prefix}${name}` }
  })

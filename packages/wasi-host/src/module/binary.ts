/**
 * Reads what a WebAssembly module declares: the types of its imports, which `WebAssembly.Module.imports` lacks,
 * and its exports. Everything else is skipped.
 *
 * @see https://webassembly.github.io/spec/core/binary/modules.html
 */
import { invalidWasm } from '../outcome/errors.ts'

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'externref' | 'ref'
export type ExternKind = 'function' | 'table' | 'memory' | 'global' | 'tag'

/** An import of a module. */
export interface ModuleImport {
  readonly module: string
  readonly name: string
  readonly kind: ExternKind
  /** Of a function. */
  readonly parameters: readonly ValueType[]
  readonly results: readonly ValueType[]
}

const letters: Readonly<Record<string, string>> = { i32: 'i', i64: 'I', f32: 'f', f64: 'F' }

/** Flat types in short: `iI`, with `?` for what no function of a host has. */
export const shortTypes = (types: readonly ValueType[]): string =>
  types.map((each) => letters[each] ?? '?').join('')

/** The flat types of an import: `iI>i`. */
export const shapeOfImport = ({
  parameters,
  results,
}: Pick<ModuleImport, 'parameters' | 'results'>): string => `${shortTypes(parameters)}>${shortTypes(results)}`

export interface ModuleExport {
  readonly name: string
  readonly kind: ExternKind
}

export interface Declarations {
  readonly imports: readonly ModuleImport[]
  readonly exports: readonly ModuleExport[]
  /** The names of the custom sections: `name`, `go:buildid`, ... */
  readonly customSections: readonly string[]
}

const kinds: readonly ExternKind[] = ['function', 'table', 'memory', 'global', 'tag']

const valueTypes: Readonly<Record<number, ValueType>> = {
  0x7f: 'i32',
  0x7e: 'i64',
  0x7d: 'f32',
  0x7c: 'f64',
  0x7b: 'v128',
  0x70: 'funcref',
  0x6f: 'externref',
}

const decoder = new TextDecoder('utf-8', { fatal: true })

export class Reader {
  readonly #bytes: Uint8Array
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes
    this.at = at
    this.end = end
  }

  byte(): number {
    if (this.at >= this.end) throw invalidWasm(`not a whole WebAssembly module: it ends at byte ${this.at}`)
    return this.#bytes[this.at++]!
  }

  /** An unsigned LEB128 of at most 5 bytes; longer ones (of 64-bit limits) are read for their length only. */
  number(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      if (shift < 35) value += (byte & 0x7f) * 2 ** shift
      if ((byte & 0x80) === 0) return value
      if (shift > 63) throw invalidWasm(`not a WebAssembly module: a number at byte ${this.at} does not end`)
    }
  }

  /** Skips `length` bytes and returns a reader for them. */
  part(length: number): Reader {
    if (this.at + length > this.end) {
      throw invalidWasm(
        `not a whole WebAssembly module: byte ${this.at} announces ${length} bytes that are not there`,
      )
    }
    this.at += length
    return new Reader(this.#bytes, this.at - length, this.at)
  }

  name(): string {
    const part = this.part(this.number())
    try {
      return decoder.decode(this.#bytes.subarray(part.at, part.end))
    } catch {
      throw invalidWasm(`not a WebAssembly module: the name at byte ${part.at} is not UTF-8`)
    }
  }

  valueType(): ValueType {
    const code = this.byte()
    // (ref null? heaptype): the heap type follows.
    if (code === 0x63 || code === 0x64) this.number()
    return valueTypes[code] ?? 'ref'
  }

  list<T>(item: () => T): T[] {
    const items: T[] = []
    for (let left = this.number(); left > 0; left -= 1) items.push(item())
    return items
  }

  limits(): void {
    const flags = this.byte()
    this.number()
    if (flags & 1) this.number()
  }
}

interface FunctionType {
  readonly parameters: readonly ValueType[]
  readonly results: readonly ValueType[]
}

const none: FunctionType = { parameters: [], results: [] }

const readTypes = (reader: Reader): FunctionType[] => {
  const types: FunctionType[] = []
  for (let left = reader.number(); left > 0; left -= 1) {
    // Types of the garbage collection proposal (struct, array, rec) are no types of WASI functions; what follows one
    // cannot be skipped without reading it all, and no WASI function was seen behind one.
    if (reader.byte() !== 0x60) break
    types.push({
      parameters: reader.list(() => reader.valueType()),
      results: reader.list(() => reader.valueType()),
    })
  }
  return types
}

const readImport = (reader: Reader, types: readonly FunctionType[]): ModuleImport => {
  const module = reader.name()
  const name = reader.name()
  const kind = kinds[reader.byte()]
  let type = none
  if (kind === 'function') type = types[reader.number()] ?? none
  else if (kind === 'table') {
    reader.valueType()
    reader.limits()
  } else if (kind === 'memory') reader.limits()
  else if (kind === 'global') {
    reader.valueType()
    reader.byte()
  } else if (kind === 'tag') {
    reader.byte()
    reader.number()
  } else throw invalidWasm(`not a WebAssembly module: the import ${module}.${name} is of an unknown kind`)
  return { module, name, kind, ...type }
}

const readExport = (reader: Reader): ModuleExport => {
  const name = reader.name()
  const kind = kinds[reader.byte()]
  reader.number()
  if (kind === undefined)
    throw invalidWasm(`not a WebAssembly module: the export ${name} is of an unknown kind`)
  return { name, kind }
}

const CUSTOM = 0
const TYPES = 1
const IMPORTS = 2
const EXPORTS = 7

const startsWith = (bytes: Uint8Array, at: number, expected: readonly number[]): boolean =>
  expected.every((byte, index) => bytes[at + index] === byte)

/** Whether the bytes are a component: version 13 of the binary format, layer 1. */
export const isComponent = (bytes: Uint8Array): boolean =>
  startsWith(bytes, 0, [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00])

/**
 * Reads the declarations of a module.
 *
 * @throws TypeError `ERR_INVALID_WASM` for anything else.
 */
export const readModule = (bytes: Uint8Array): Declarations => {
  if (!startsWith(bytes, 0, [0x00, 0x61, 0x73, 0x6d])) {
    const text = Buffer.from(bytes.subarray(0, 4)).toString('latin1')
    throw invalidWasm(
      bytes.length === 0
        ? 'not a WebAssembly module: it is empty'
        : `not a WebAssembly module: it begins with ${JSON.stringify(text)}, not with "\\0asm"`,
    )
  }
  if (!startsWith(bytes, 4, [1, 0, 0, 0])) throw invalidWasm('not a WebAssembly module of version 1')
  const reader = new Reader(bytes, 8, bytes.length)
  let types: FunctionType[] = []
  let imports: ModuleImport[] = []
  let exports: ModuleExport[] = []
  const customSections: string[] = []
  while (reader.at < reader.end) {
    const id = reader.byte()
    const section = reader.part(reader.number())
    if (id === CUSTOM) customSections.push(section.name())
    else if (id === TYPES) types = readTypes(section)
    else if (id === IMPORTS) imports = section.list(() => readImport(section, types))
    else if (id === EXPORTS) exports = section.list(() => readExport(section))
  }
  return { imports, exports, customSections }
}

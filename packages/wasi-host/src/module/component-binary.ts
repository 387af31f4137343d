/**
 * Reads what a WebAssembly component is made of: its core modules, and the names of its imports and exports.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
import { readModule, Reader, type Declarations } from './binary.ts'
import { invalidWasm } from '../outcome/errors.ts'

/** A core module inside a component. */
export interface CoreModule {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly declarations: Declarations
}

export interface ComponentParts {
  /** The core modules of the component itself, not those of components inside it. */
  readonly modules: readonly CoreModule[]
  /** Components inside it that have core modules of their own: it was composed. */
  readonly composed: number
  /** The names of its imports and exports: `wasi:io/streams@0.2.0`. */
  readonly imports: readonly string[]
  readonly exports: readonly string[]
}

const CORE_MODULE = 1
const COMPONENT = 4
const IMPORT = 10
const EXPORT = 11

/** A component inside a component begins with the preamble, as the outer one. */
const PREAMBLE = 8

const readSections = (reader: Reader, on: (id: number, section: Reader) => void): void => {
  while (reader.at < reader.end) {
    const id = reader.byte()
    on(id, reader.part(reader.number()))
  }
}

const countModules = (section: Reader): number => {
  let count = 0
  section.part(PREAMBLE)
  readSections(section, (id, inner) => {
    if (id === CORE_MODULE) count += 1
    else if (id === COMPONENT) count += countModules(inner)
  })
  return count
}

/** `externname`: 0x00 or 0x01 and the name, or 0x02, the name and options that only later drafts have. */
const readName = (reader: Reader): string => {
  const form = reader.byte()
  if (form > 2) throw invalidWasm(`not a WebAssembly component: a name of the form ${form}`)
  return reader.name()
}

const readNames = (section: Reader, isExport: boolean): string[] => {
  const names: string[] = []
  for (let left = section.number(); left > 0; left -= 1) {
    names.push(readName(section))
    if (isExport) skipExport(section)
    else skipExternDescription(section)
  }
  return names
}

/** `externdesc`: core module 0x00 0x11, function 0x01, value 0x02, type 0x03, component 0x04, instance 0x05. */
const skipExternDescription = (reader: Reader): void => {
  const kind = reader.byte()
  if (kind === 0x00) reader.byte()
  if (kind === 0x02 || kind === 0x03) {
    const bound = reader.byte()
    if (kind === 0x03 && bound === 0x01) return
  }
  reader.number()
}

/** `sortidx`, and a type that the export may have. */
const skipExport = (reader: Reader): void => {
  if (reader.byte() === 0x00) reader.byte()
  reader.number()
  if (reader.byte() === 0x01) skipExternDescription(reader)
}

/**
 * Reads a component.
 *
 * @throws TypeError `ERR_INVALID_WASM` when it is not whole, or holds a core module that is none.
 */
export const readComponent = (bytes: Uint8Array<ArrayBuffer>): ComponentParts => {
  const modules: CoreModule[] = []
  const imports: string[] = []
  const exports: string[] = []
  let composed = 0
  readSections(new Reader(bytes, PREAMBLE, bytes.length), (id, section) => {
    if (id === CORE_MODULE) {
      const core = bytes.slice(section.at, section.end)
      modules.push({ bytes: core, declarations: readModule(core) })
    } else if (id === COMPONENT && countModules(section) > 0) composed += 1
    else if (id === IMPORT) imports.push(...readNames(section, false))
    else if (id === EXPORT) exports.push(...readNames(section, true))
  })
  return { modules, composed, imports, exports }
}

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

/** A core module, as {@link ComponentInside} has it. */
export interface ModuleInside {
  /** Its length in bytes. */
  readonly size: number
  /** It has a memory of its own. */
  readonly memory: boolean
  /** The modules that its imports name: interfaces, or other core modules. */
  readonly imports: readonly string[]
  readonly exports: readonly string[]
}

/** What a component is made of, and so on for each component in it. */
export interface ComponentInside {
  /** The interfaces and functions that it imports: `wasi:io/streams@0.2.0`. */
  readonly imports: readonly string[]
  readonly exports: readonly string[]
  readonly modules: readonly ModuleInside[]
  readonly components: readonly ComponentInside[]
}

export interface ComponentParts {
  /** The core modules of the component itself, not those of components inside it. */
  readonly modules: readonly CoreModule[]
  /** Components inside it that have core modules of their own: it was composed. */
  readonly composed: number
  /** The names of its imports and exports: `wasi:io/streams@0.2.0`. */
  readonly imports: readonly string[]
  readonly exports: readonly string[]
  readonly inside: ComponentInside
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

/** Components within components. */
const MOST_DEEP = 100

const countModules = ({ modules, components }: ComponentInside): number =>
  components.reduce((sum, each) => sum + countModules(each), modules.length)

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

const moduleInside = ({ bytes, declarations }: CoreModule): ModuleInside => ({
  size: bytes.length,
  memory: declarations.exports.some(({ kind }) => kind === 'memory'),
  imports: [...new Set(declarations.imports.map(({ module }) => module))],
  exports: declarations.exports.map(({ name }) => name),
})

/** Reads the sections of a component, and those of the components in it; `on` gets its own core modules. */
const readInside = (
  bytes: Uint8Array<ArrayBuffer>,
  whole: Reader,
  on: (module: CoreModule) => void,
  depth = 0,
): ComponentInside => {
  if (depth > MOST_DEEP)
    throw invalidWasm(`this component has components within each other, more than ${MOST_DEEP} deep`)
  const modules: ModuleInside[] = []
  const components: ComponentInside[] = []
  const imports: string[] = []
  const exports: string[] = []
  whole.part(PREAMBLE)
  readSections(whole, (id, section) => {
    if (id === CORE_MODULE) {
      const core = bytes.slice(section.at, section.end)
      const module = { bytes: core, declarations: readModule(core) }
      modules.push(moduleInside(module))
      on(module)
    } else if (id === COMPONENT) components.push(readInside(bytes, section, () => {}, depth + 1))
    else if (id === IMPORT) imports.push(...readNames(section, false))
    else if (id === EXPORT) exports.push(...readNames(section, true))
  })
  return { imports, exports, modules, components }
}

/**
 * Reads a component.
 *
 * @throws TypeError `ERR_INVALID_WASM` when it is not whole, or holds a core module that is none.
 */
export const readComponent = (bytes: Uint8Array<ArrayBuffer>): ComponentParts => {
  const modules: CoreModule[] = []
  const inside = readInside(bytes, new Reader(bytes, 0, bytes.length), (module) => modules.push(module))
  const { imports, exports } = inside
  return {
    modules,
    composed: inside.components.filter((each) => countModules(each) > 0).length,
    imports,
    exports,
    inside,
  }
}

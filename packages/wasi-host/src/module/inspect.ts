/** inspect: the imports, exports and ABI of a binary. */
import { invalidWasm } from '../outcome/errors.ts'
import { isComponent, readModule, type Declarations, type ModuleExport, type ModuleImport } from './binary.ts'
import type { Composition } from './composition/definition.ts'
import { exportedNames } from './composition/exports.ts'
import { readComposition } from './composition/sections.ts'
import {
  readComponent,
  type ComponentInside,
  type ComponentParts,
  type CoreModule,
} from './component-binary.ts'
import { PREVIEW1, profileOf, UDS_SOCKET, versionOf, type AbiName, type ComponentAbi } from './profile.ts'
import { readSource, type WasmSource } from './source.ts'

/** What a module or a component declares, as {@link inspect} returns it. */
export interface Inspection {
  readonly kind: 'module' | 'component'
  /** Its imports, with the types of functions; of a component those of its core module. */
  readonly imports: readonly ModuleImport[]
  readonly exports: readonly ModuleExport[]
  /** The socket ABI that it speaks; `preview1` also when it imports no socket call at all. Of a component its WASI. */
  readonly abi: AbiName | ComponentAbi
  /** The calls that it imports to use sockets, as `module.name(types) -> types`. */
  readonly socketCalls: readonly string[]
  /** It imports this project's own calls, guest/ABI.md. */
  readonly usesUdsSocket: boolean
  /** It was packed by wasi-vfs, which keeps a map of descriptors of its own. */
  readonly wasiVfs: boolean
  /** It was built by Go, whose runtime needs non-blocking descriptors. */
  readonly go: boolean
  /** It has `_start`, or as a component `wasi:cli/run`: `host.run` can run it. */
  readonly command: boolean
  /** It is a component with `wasi:http/incoming-handler` of 0.2 or `wasi:http/handler` of 0.3: `host.serve` can serve it. */
  readonly handler: boolean
  /** Of a component: its core modules, and the components that it was composed of. */
  readonly inside: ComponentInside | undefined
}

/** A function with its type: `wasi_snapshot_preview1.sock_open(i32, i32, i32) -> i32`. */
export const signature = ({ module, name, parameters, results }: ModuleImport): string =>
  `${module}.${name}(${parameters.join(', ')}) -> ${results.length === 0 ? 'nothing' : results.join(', ')}`

const describeModule = ({ imports, exports, customSections }: Declarations): Inspection => {
  const socketCalls = imports.filter(
    ({ kind, module, name }) =>
      kind === 'function' && (module === UDS_SOCKET || name.startsWith('sock_') || name === 'resolve'),
  )
  return {
    kind: 'module',
    imports,
    exports,
    abi: profileOf(imports),
    socketCalls: socketCalls.map(signature),
    usesUdsSocket: imports.some(({ module }) => module === UDS_SOCKET),
    wasiVfs: exports.some(({ name }) => name === 'wasi_vfs_pack_fs'),
    go: customSections.includes('go:buildid'),
    command: exports.some(({ name, kind }) => name === '_start' && kind === 'function'),
    handler: false,
    inside: undefined,
  }
}

const nothing: Declarations = { imports: [], exports: [], customSections: [] }

/** The core module of a component that has its memory; the others only connect it with adapters. */
const mainOf = ({ modules }: ComponentParts): CoreModule | undefined =>
  modules.find(({ declarations }) =>
    declarations.exports.some(({ name, kind }) => name === 'memory' && kind === 'memory'),
  )

/** The interfaces by which requests of HTTP are answered. */
const HANDLER = /^wasi:http\/(incoming-handler@0\.2|handler@0\.3)\.\d+$/

/** What every resource, stream and future of an interface has. */
const BUILT_IN = /^(\[async-lower\])?\[(resource-drop|stream|future)\b/

const describeParts = (parts: ComponentParts, declarations: Declarations): Inspection => {
  const version = versionOf(parts.imports, parts.exports)
  const described = describeModule(declarations)
  const sockets = declarations.imports.filter(
    ({ kind, module, name }) =>
      kind === 'function' && module.startsWith('wasi:sockets/') && !BUILT_IN.test(name),
  )
  return {
    ...described,
    kind: 'component',
    abi: version === '0.3' ? 'wasi-0.3' : 'wasi-0.2',
    socketCalls: sockets.map(signature),
    command: parts.exports.some((name) => name.startsWith('wasi:cli/run@')),
    handler: parts.exports.some((name) => HANDLER.test(name)),
    inside: parts.inside,
  }
}

const firstOf = (patterns: readonly RegExp[], names: readonly string[]): string | undefined => {
  for (const pattern of patterns) {
    const found = names.find((name) => pattern.test(name))
    if (found !== undefined) return found
  }
  return undefined
}

/** The exports by which a command begins: that of the later WASI first. */
const RUN_EXPORTS: readonly RegExp[] = [
  /^\[async-lift(-stackful)?\]wasi:cli\/run@0\.3\.\d+#run$/,
  /^wasi:cli\/run@0\.3\.\d+#run$/,
  /^wasi:cli\/run@0\.2\.\d+#run$/,
]

/** The export of a component that is its command. */
export const runExport = (exports: readonly string[]): string | undefined => firstOf(RUN_EXPORTS, exports)

/** Drafts of 0.3 had other values in the same places. */
const DRAFT = /^wasi:[\w-]+\/[\w-]+@(0\.3\.\d+-.+)$/

/** The exports that answer a request of HTTP: that of the later WASI first. */
const HANDLER_EXPORTS: readonly RegExp[] = [
  /^\[async-lift(-stackful)?\]wasi:http\/handler@0\.3\.\d+#handle$/,
  /^wasi:http\/incoming-handler@0\.2\.\d+#handle$/,
]

/** The export of a component that answers requests. */
export const handlerExport = (exports: readonly string[]): string | undefined =>
  firstOf(HANDLER_EXPORTS, exports)

/** Whether an export is where a component begins. */
export const isEntry = (name: string): boolean =>
  runExport([name]) !== undefined || handlerExport([name]) !== undefined

/** What is run, with what is known of it. */
export interface Described {
  readonly inspection: Inspection
  /** The core module: the bytes themselves, or the one that has the memory of a component. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Of a component whose core modules work together: all of them, and how they are joined. */
  readonly composed?: { readonly composition: Composition; readonly modules: readonly CoreModule[] }
}

/** `wasi:io/streams@0.2.0`, also as something that is exported; an exported interface of the world itself is `[export]echo`. */
const INTERFACE = /^((\[export\])?[\w-]+:[\w-]+\/|\[export\][\w-]+$)/

/** Whether the core module with the memory needs nothing but interfaces: then it is linked by itself. */
const standsAlone = (
  { modules, composed, imports }: ComponentParts,
  main: CoreModule | undefined,
): boolean => {
  const memories = modules.filter(({ declarations }) =>
    declarations.exports.some(({ kind }) => kind === 'memory'),
  )
  const isInterface = (module: string): boolean =>
    INTERFACE.test(module) ||
    imports.includes(module) ||
    module === PREVIEW1 ||
    module === '$root' ||
    module === '[export]$root'
  return (
    main !== undefined &&
    composed === 0 &&
    memories.length === 1 &&
    main.declarations.imports.every(
      ({ module, name }) =>
        isInterface(module) && !(module.startsWith('[export]') && name.startsWith('[resource-')),
    )
  )
}

type Joined = NonNullable<Described['composed']>

/** A component of several core modules, by what all of them import and what it exports. */
const describeJoined = (parts: ComponentParts, { composition, modules }: Joined): Inspection => {
  const all = modules.flatMap(({ declarations }) => declarations.imports)
  const imports = all.filter(({ module }) => parts.imports.includes(module) || module.startsWith('wasi:'))
  const exports = exportedNames(composition.steps).map((name): ModuleExport => ({ name, kind: 'function' }))
  return describeParts(parts, { imports, exports, customSections: [] })
}

interface Read {
  readonly parts: ComponentParts
  readonly inspection: Inspection
  readonly main: CoreModule | undefined
}

/** What a component is made of, and what its main core module imports. */
const readParts = (bytes: Uint8Array<ArrayBuffer>): Read => {
  const parts = readComponent(bytes)
  const main = mainOf(parts)
  return { parts, inspection: describeParts(parts, main?.declarations ?? nothing), main }
}

/** How its core modules work together. A component of WASI 0.3 that was composed is refused, in words. */
const readJoined = (
  bytes: Uint8Array<ArrayBuffer>,
  { parts, inspection, main }: Read,
): { readonly inspection: Inspection; readonly joined: Joined | undefined } => {
  if (standsAlone(parts, main) || (parts.composed === 0 && parts.modules.length === 0))
    return { inspection, joined: undefined }
  if (inspection.abi === 'wasi-0.3')
    throw invalidWasm(
      `this component of WASI 0.3 was composed of several: it has ${parts.composed} components with core modules of their own, and this host composes those of 0.2 alone. Run the components apart, connected by sockets`,
    )
  const joined = readComposition(bytes)
  return { inspection: describeJoined(parts, joined), joined }
}

/**
 * Reads what can be run.
 *
 * @throws TypeError `ERR_INVALID_WASM` when it is neither a module nor a component, or a component that this host cannot
 *   run: the message names what it has, and what to do.
 */
export const readRunnable = (bytes: Uint8Array<ArrayBuffer>): Described => {
  if (!isComponent(bytes)) return { inspection: describeModule(readModule(bytes)), bytes }
  const read = readParts(bytes)
  const { parts, main } = read
  const { inspection, joined } = readJoined(bytes, read)
  const draft = [...parts.exports, ...parts.imports].flatMap((name) => DRAFT.exec(name)?.[1] ?? [])[0]
  if (draft !== undefined) {
    throw invalidWasm(
      `this component was made for a draft of WASI 0.3, ${draft}, whose values are laid out differently: build it with tools that know 0.3.0`,
    )
  }
  if (!joined && !main)
    throw invalidWasm(
      'this component has no core module with a memory named "memory": there is nothing to run in it',
    )
  return { inspection, bytes: (joined?.modules[0] ?? main)!.bytes, ...(joined && { composed: joined }) }
}

export const describe = (bytes: Uint8Array<ArrayBuffer>): Inspection => {
  if (!isComponent(bytes)) return describeModule(readModule(bytes))
  const read = readParts(bytes)
  // What this host would not run is described as far as it is known.
  return read.inspection.abi === 'wasi-0.3' ? read.inspection : readJoined(bytes, read).inspection
}

/**
 * Reads a module or a component without running or compiling it: what it imports, with types, and which socket ABI it speaks.
 *
 * @param source - A path, a `file:` URL, or the bytes.
 * @throws TypeError `ERR_INVALID_WASM` when it is neither, with what it is instead; the error of `fs` when the
 *   file cannot be read.
 */
export const inspect = (source: WasmSource): Inspection => describe(readSource(source))

/** The ABI that the core imports of preview 1 are linked by: those of a component come through its adapter. */
export const coreAbi = ({ abi }: Inspection, chosen: 'auto' | AbiName): AbiName => {
  if (chosen !== 'auto') return chosen
  return abi === 'wasi-0.2' || abi === 'wasi-0.3' ? 'preview1' : abi
}

import { readModule, type ModuleExport, type ModuleImport } from './binary.ts'
import { profileOf, UDS_SOCKET, type AbiName } from './profile.ts'
import { readSource, type WasmSource } from './source.ts'

/** What a module declares, as {@link inspect} returns it. */
export interface Inspection {
  /** Its imports, with the types of functions. */
  readonly imports: readonly ModuleImport[]
  readonly exports: readonly ModuleExport[]
  /** The socket ABI that it speaks; `preview1` also when it imports no socket call at all. */
  readonly abi: AbiName
  /** The calls that it imports to use sockets, as `module.name(types) -> types`. */
  readonly socketCalls: readonly string[]
  /** It imports this project's own calls, guest/ABI.md. */
  readonly usesUdsSocket: boolean
  /** It was packed by wasi-vfs, which keeps a map of descriptors of its own. */
  readonly wasiVfs: boolean
  /** It was built by Go, whose runtime needs non-blocking descriptors. */
  readonly go: boolean
  /** It has `_start`: `host.run` can run it. */
  readonly command: boolean
}

/** A function with its type: `wasi_snapshot_preview1.sock_open(i32, i32, i32) -> i32`. */
export const signature = ({ module, name, parameters, results }: ModuleImport): string =>
  `${module}.${name}(${parameters.join(', ')}) -> ${results.length === 0 ? 'nothing' : results.join(', ')}`

export const describe = (bytes: Uint8Array): Inspection => {
  const { imports, exports, customSections } = readModule(bytes)
  const socketCalls = imports.filter(
    ({ kind, module, name }) =>
      kind === 'function' && (module === UDS_SOCKET || name.startsWith('sock_') || name === 'resolve'),
  )
  return {
    imports,
    exports,
    abi: profileOf(imports),
    socketCalls: socketCalls.map(signature),
    usesUdsSocket: imports.some(({ module }) => module === UDS_SOCKET),
    wasiVfs: exports.some(({ name }) => name === 'wasi_vfs_pack_fs'),
    go: customSections.includes('go:buildid'),
    command: exports.some(({ name, kind }) => name === '_start' && kind === 'function'),
  }
}

/**
 * Reads a module without running or compiling it: what it imports, with types, and which socket ABI it speaks.
 *
 * @param source - A path, a `file:` URL, or the bytes.
 * @throws TypeError `ERR_INVALID_WASM` when it is no core module, with what it is instead; the error of `fs` when the
 *   file cannot be read.
 */
export const inspect = (source: WasmSource): Inspection => describe(readSource(source))

/** Which socket ABI a module speaks: several share the module name and even the types of functions. */
import type { ModuleImport } from './binary.ts'

/**
 * The socket ABIs.
 * - `preview1`: WASI preview 1 as wasi-libc, Rust and Go use it.
 * - `zig`: zig-wasm-cpython.
 * - `wasmedge`: WasmEdge, version 1 and 2 of its calls.
 * - `wamr`: wasm-micro-runtime.
 * - `wasix`: Wasmer's WASIX.
 */
export type AbiName = 'preview1' | 'zig' | 'wasmedge' | 'wamr' | 'wasix'

/** What a component speaks: the version of WASI in its imports and exports. */
export type ComponentAbi = 'wasi-0.2' | 'wasi-0.3'

export const abiNames: readonly AbiName[] = ['preview1', 'zig', 'wasmedge', 'wamr', 'wasix']

export const PREVIEW1 = 'wasi_snapshot_preview1'
/** Its 64-bit sister, `wasix_64v1`, is for memories of 64 bits, which no preview 1 has. */
export const WASIX = 'wasix_32v1'
/** The module of this project's own imports: guest/ABI.md. */
export const UDS_SOCKET = 'uds_socket'

/**
 * Finds the ABI by the names and the numbers of parameters. No single call decides: zig and WasmEdge have a `sock_open` of
 * the same type, zig and WAMR a `sock_connect` and a `sock_close`.
 */
export const profileOf = (imports: readonly ModuleImport[]): AbiName => {
  const functions = imports.filter(({ kind }) => kind === 'function')
  if (functions.some(({ module }) => module.startsWith('wasix_'))) return 'wasix'
  const arities = new Map<string, Set<number>>()
  for (const { module, name, parameters } of functions) {
    if (module !== PREVIEW1) continue
    arities.set(name, (arities.get(name) ?? new Set()).add(parameters.length))
  }
  const has = (name: string, arity: number): boolean => arities.get(name)?.has(arity) ?? false
  const any = (...names: string[]): boolean => names.some((name) => arities.has(name))
  if (any('sock_resolve') || has('sock_send', 4) || has('sock_recv', 4)) return 'zig'
  if (has('sock_open', 4) || any('sock_addr_resolve', 'sock_addr_local', 'sock_addr_remote')) return 'wamr'
  if (has('sock_open', 3) && has('sock_connect', 2)) return 'zig'
  if (has('sock_bind', 3) || has('sock_connect', 3) || has('sock_accept', 2) || any('sock_getaddrinfo')) {
    return 'wasmedge'
  }
  if (any('sock_getsockopt', 'sock_setsockopt', 'sock_getlocaladdr', 'sock_getpeeraddr')) return 'wasmedge'
  if ([...arities.keys()].some((name) => name.startsWith('sock_') && name.endsWith('_v2'))) return 'wasmedge'
  if (has('sock_bind', 2)) return 'wamr'
  return has('sock_open', 3) ? 'zig' : 'preview1'
}

/** The interfaces by which a component begins, with their versions. */
const ENTRY = /^wasi:(?:cli\/run|http\/incoming-handler|http\/handler)@(0\.\d+)/
const ANY = /^wasi:[\w-]+\/[\w-]+@(0\.\d+)/

const latest = (names: readonly string[], pattern: RegExp): string | undefined =>
  names
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .toSorted()
    .at(-1)

/**
 * The version of WASI that a component is for. One component may have several: what it begins with counts, the latest
 * first, since one for 0.3 may still import interfaces of 0.2, and a server may have a main of 0.2 that does nothing.
 */
export const versionOf = (imports: readonly string[], exports: readonly string[]): string | undefined =>
  latest(exports, ENTRY) ?? latest([...exports, ...imports], ANY)

/**
 * The parts of the WebAssembly API that are used here. TypeScript has them in its DOM library only, and JSPI (stack
 * switching) nowhere yet.
 *
 * @see https://webassembly.github.io/spec/js-api/; https://github.com/WebAssembly/js-promise-integration
 */

export interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** A table of a guest, with the functions that it calls by their number. */
export interface WasmTable {
  readonly length: number
  get(index: number): unknown
}

/** A compiled module; it can be posted to another thread. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module'
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>
}

export type WasmValue = number | bigint
export type WasmFunction = (...args: WasmValue[]) => unknown
export type WasmImports = Record<string, Record<string, unknown>>

interface Engine {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance
  readonly Table: abstract new () => WasmTable
  readonly Memory: new (limits: { initial: number; maximum?: number }) => WasmMemory
  readonly compile: (bytes: Uint8Array<ArrayBuffer>) => Promise<WasmModule>
  readonly instantiate: (module: WasmModule, imports: WasmImports) => Promise<WasmInstance>
  readonly RuntimeError: new (message: string) => Error
  readonly LinkError: new (message: string) => Error
  readonly CompileError: new (message: string) => Error
  readonly Suspending?: new (fn: WasmFunction) => object
  readonly promising?: (fn: unknown) => (...args: WasmValue[]) => Promise<unknown>
}

export const engine: Engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly

/** Whether this engine can suspend a guest. Ask for the feature, never for a version: it came with a flag first. */
export const hasJspi: boolean =
  typeof engine.Suspending === 'function' && typeof engine.promising === 'function'

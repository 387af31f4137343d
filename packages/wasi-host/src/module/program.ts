/** Program: a compiled module or component. */
import type { ModuleImport } from './binary.ts'
import type { Composition } from './composition/definition.ts'
import type { WasmModule } from './engine.ts'
import type { Inspection } from './inspect.ts'

/** A core module of a component, compiled, with the types of what it imports. */
export interface ComposedModule {
  readonly module: WasmModule
  readonly imports: readonly ModuleImport[]
}

/** A component of several core modules: how it is made, and of what. */
export interface Composed {
  readonly composition: Composition
  readonly modules: readonly ComposedModule[]
}

/** A module that was compiled once, to be run many times. */
export interface Program {
  readonly module: WasmModule
  readonly inspection: Inspection
  /** Only of a component whose core modules work together. */
  readonly composed?: Composed | undefined
}

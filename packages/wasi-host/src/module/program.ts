/** Program: a compiled module or component. */
import type { WasmModule } from './engine.ts'
import type { Inspection } from './inspect.ts'

/** A module that was compiled once, to be run many times. */
export interface Program {
  readonly module: WasmModule
  readonly inspection: Inspection
}

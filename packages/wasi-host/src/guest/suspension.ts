import type { HostCall } from '../abi/link.ts'
import type { WasmValue } from '../module/engine.ts'

/** How the guest is made to wait in the calls of its host, in the thread that runs it. */
export interface Waiting {
  /** What the module imports for a call that may wait. */
  suspending(call: HostCall): unknown
  /** An export as something that may be waited for. */
  promising(fn: unknown): (...args: WasmValue[]) => unknown
}

/** The messages between the two threads of a guest, beside the calls of channel.ts: plan, commands, reports, errors. */
import type { ModuleExport } from '../module/binary.ts'
import type { Exchange } from '../http/http-calls.ts'
import type { ErrnoStyle } from '../outcome/errno.ts'
import type { Inspection } from '../module/inspect.ts'
import type { Stdio } from '../sockets/session.ts'
import type { Preopens } from '../wasi/preopen.ts'
import type { Target } from '../network/target.ts'
import type { Decision, Policy } from '../policy/permissions.ts'
import type { Quotas } from '../policy/quota.ts'
import type { AbiName } from '../module/profile.ts'
import type { Composed } from '../module/program.ts'
import type { WasmModule, WasmValue } from '../module/engine.ts'
import type { SharedMemory } from './channel.ts'

/** What the thread of the guest needs to begin. */
export interface WorkerPlan {
  readonly memory: SharedMemory
  /** Becomes 1 when the guest is to end: a thread that blocks in the system looks at it now and then. */
  readonly stop: SharedMemory
  readonly module: WasmModule
  readonly composed: Composed | undefined
  readonly inspection: Inspection
  readonly abi: AbiName
  readonly errno: ErrnoStyle | undefined
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly preopens: Preopens
  /** Where it keeps the descriptors that Node does not close with the thread. */
  readonly opened: SharedArrayBuffer
  readonly stdioFds: readonly [number, number, number]
  readonly sockets: RemotePlan | BlockingPlan
}

/** The sockets are in the other thread. */
export interface RemotePlan {
  readonly kind: 'remote'
  readonly given: readonly number[]
  readonly stdio: readonly Stdio[]
}

/** The thread of the guest makes the system calls itself. */
export interface BlockingPlan {
  readonly kind: 'blocking'
  readonly policy: Policy
  readonly quotas: Quotas
  readonly listen: readonly Target[]
  readonly connected: readonly Target[]
  readonly traces: boolean
  /** Input of these bytes, output to the other thread, or the descriptor itself. */
  readonly stdio: readonly (
    | { readonly kind: 'fd' }
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    | { readonly kind: 'posted' }
  )[]
}

/** What the thread of the guest is asked to do. */
export type Command =
  | { readonly id: number; readonly do: 'start' }
  | { readonly id: number; readonly do: 'call'; readonly name: string; readonly args: readonly WasmValue[] }
  | { readonly id: number; readonly do: 'read'; readonly pointer: number; readonly length: number }
  | { readonly id: number; readonly do: 'write'; readonly pointer: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly do: 'handle'; readonly exchange: Exchange }
  | { readonly id: number; readonly do: 'close' }

/** An error on its way between the threads. */
export interface PostedError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: string | undefined
  readonly exitCode: number | undefined
  readonly stopped: boolean
}

/** What the thread of the guest reports. */
export type Report =
  | { readonly type: 'ready'; readonly exports: readonly ModuleExport[] }
  | { readonly type: 'failed'; readonly error: PostedError }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'threw'; readonly id: number; readonly error: PostedError }
  | { readonly type: 'listening'; readonly addresses: readonly string[] }
  | { readonly type: 'trace'; readonly decision: Decision }
  | { readonly type: 'output'; readonly fd: number; readonly bytes: Uint8Array }

/**
 * Real sockets for WASI guests: every socket ABI of preview 1, routed and permitted by the host.
 *
 * @packageDocumentation
 */

export { WasiHost } from './host.ts'
export type { GuestHandle, Program, RunOptions } from './host.ts'
export { GuestExit } from './guest-exit.ts'
export type { InputOption, OutputOption, SocketsOptions, WaitMode, WasiHostOptions } from './options.ts'
export type { ErrnoStyle } from './errno.ts'
export type { Action, Decision } from './policy/permissions.ts'
export type { Quotas } from './policy/quota.ts'
export type { RouteTarget, TlsTarget } from './policy/targets.ts'
export type { ResolveOption } from './resolver.ts'
export type { WasmModule, WasmValue } from './wasm.ts'

// What a module declares
export { inspect, signature } from './inspect.ts'
export type { Inspection } from './inspect.ts'
export type { ExternKind, ModuleExport, ModuleImport, ValueType } from './binary.ts'
export type { AbiName } from './profile.ts'
export type { WasmSource } from './source.ts'

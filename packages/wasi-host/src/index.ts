/**
 * Real sockets for WASI guests: every socket ABI of preview 1, routed and permitted by the host.
 *
 * @packageDocumentation
 */

export { WasiHost } from './host.ts'
export type { RunOptions } from './host.ts'
export type { FailedRequest, ServeOptions } from './serve/options.ts'
export type { GuestServer } from './serve/serve.ts'
export type { GuestHandle } from './guest/handle.ts'
export type { Program } from './module/program.ts'
export { GuestExit } from './outcome/errors.ts'
export type {
  InputOption,
  PreopenOption,
  OutputOption,
  SocketsOptions,
  WaitMode,
  WasiHostOptions,
} from './options/options.ts'
export type { ErrnoStyle } from './outcome/errno.ts'
export type { Action, Decision } from './policy/permissions.ts'
export type { Quotas } from './policy/quota.ts'
export type { RouteTarget, TlsTarget } from './policy/targets.ts'
export type { ResolveOption } from './network/resolver.ts'
export type { WasmInstance, WasmMemory, WasmModule, WasmTable, WasmValue } from './module/engine.ts'
export type { GuestParts, ImportObject, ImportsOption } from './abi/own-imports.ts'

// What a module declares
export { inspect, signature } from './module/inspect.ts'
export type { Inspection } from './module/inspect.ts'
export type { ComponentInside, ModuleInside } from './module/component-binary.ts'
export type { ExternKind, ModuleExport, ModuleImport, ValueType } from './module/binary.ts'
export type { AbiName, ComponentAbi } from './module/profile.ts'
export type { WasmSource } from './module/source.ts'

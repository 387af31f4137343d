import type { WasmMemory } from '../module/engine.ts'

/** The functions of WASI that need no socket, by their names, with descriptors of `PosixWasi`. */
export type WasiFunctions = Readonly<Record<string, (...args: (number | bigint)[]) => number>>

/** What `PosixWasi` is made with. */
export interface PosixWasiOptions {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Paths of the guest and the directories of the host behind them. */
  readonly preopens: Readonly<Record<string, string>>
  /** Descriptors of this process for the standard streams. */
  readonly stdio: readonly [stdin: number, stdout: number, stderr: number]
}

/**
 * The rest of WASI: files, clocks, arguments, random numbers. Its descriptors are its own: 0 to 2 are the standard
 * streams, and the preopened directories follow in their order.
 */
export interface PosixWasi {
  readonly imports: WasiFunctions
  /** Sets the memory of the guest, before the first call. */
  bind(memory: WasmMemory): void
}

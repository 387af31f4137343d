/** PosixWasi: what an implementation of the POSIX part of preview 1 offers. */
import type { WasmMemory } from '../module/engine.ts'

/** The functions of WASI that need no socket, by their names, with descriptors of `PosixWasi`. */
export type WasiFunctions = Readonly<Record<string, (...args: (number | bigint)[]) => number>>

/** A directory of the host that a guest sees. */
export interface Preopen {
  readonly path: string
  /** Whatever would change it is `EROFS`. */
  readonly readOnly: boolean
}

/** By the path that the guest sees. */
export type Preopens = Readonly<Record<string, Preopen>>

/** What `PosixWasi` is made with. */
export interface PosixWasiOptions {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Paths of the guest and the directories of the host behind them. */
  readonly preopens: Preopens
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

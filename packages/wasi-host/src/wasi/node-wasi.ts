/** nodeWasi: preview 1 by Node's own node:wasi. */
import type * as NodeWasi from 'node:wasi'
import { notSupported } from '../outcome/errors.ts'
import type { WasmMemory } from '../module/engine.ts'
import type { PosixWasi, PosixWasiOptions, WasiFunctions } from './posix-wasi.ts'

// Not imported above: Node prints its warning, that WASI is experimental, when the module is loaded, and the package
// must be importable without it.
const load = (): typeof NodeWasi => {
  const wasi = process.getBuiltinModule('node:wasi') as typeof NodeWasi | undefined
  if (typeof wasi?.WASI?.prototype.getImportObject === 'function') return wasi
  throw notSupported(
    'this runtime has no whole node:wasi, which serves the files and clocks of guests (getImportObject is missing): run the host in Node.js or Deno',
  )
}

/** `node:wasi` as `PosixWasi`. It is no sandbox against hostile code, as its own documentation says. */
export const nodeWasi = ({ args, env, preopens, stdio }: PosixWasiOptions): PosixWasi => {
  const options: NodeWasi.WASIOptions = {
    version: 'preview1',
    args: [...args],
    env: { ...env },
    preopens: Object.fromEntries(Object.entries(preopens).map(([guest, { path }]) => [guest, path])),
    stdin: stdio[0],
    stdout: stdio[1],
    stderr: stdio[2],
    returnOnExit: true,
  }
  const wasi = new (load().WASI)(options)
  const imports = (wasi.getImportObject() as { wasi_snapshot_preview1: WasiFunctions }).wasi_snapshot_preview1
  return {
    imports,
    // It wants an instance, and takes nothing but the memory from it; `_initialize` must not run here, where it could
    // not be suspended.
    bind: (memory: WasmMemory) => wasi.initialize({ exports: { memory } }),
  }
}

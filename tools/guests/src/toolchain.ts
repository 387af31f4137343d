import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { program } from '@uds/testkit'
import { run } from './run.ts'

/** What C guests are compiled with. */
export interface Toolchain {
  readonly clang: string
  /** The directory of clang and its siblings (llvm-ar, wasm-ld), which clang itself searches first. */
  readonly bin: string
  /** The arguments that make clang compile for WASI. */
  readonly target: readonly string[]
  /** Says which versions of the compiler and of wasi-libc these are. */
  readonly version: string
}

/** Something that is needed is not here; `install` says how to get it. */
export interface Missing {
  readonly missing: string
  readonly install: string
}

// Debian's wasi-libc lies where its clang looks. Elsewhere WASI_SYSROOT names the sysroot, as in the WASI SDK.
const DEBIAN_LIBC = '/usr/lib/wasm32-wasi/libc.a'

const findLibc = (): { readonly file: string; readonly target: readonly string[] } | undefined => {
  const sysroot = process.env['WASI_SYSROOT']
  const target = ['--target=wasm32-wasi']
  if (sysroot !== undefined) {
    const file = join(sysroot, 'lib/wasm32-wasi/libc.a')
    return existsSync(file) ? { file, target: [...target, `--sysroot=${sysroot}`] } : undefined
  }
  return existsSync(DEBIAN_LIBC) ? { file: DEBIAN_LIBC, target } : undefined
}

/** Finds clang, wasm-ld and wasi-libc. */
export const findToolchain = (): Toolchain | Missing => {
  const clang = program('clang')
  if (clang === undefined) return { missing: 'clang', install: 'apt-get install clang' }
  if (program('wasm-ld') === undefined) return { missing: 'wasm-ld', install: 'apt-get install lld' }
  const libc = findLibc()
  if (libc === undefined) {
    return { missing: 'wasi-libc', install: 'apt-get install wasi-libc, or set WASI_SYSROOT' }
  }
  const version = `${run(clang, ['--version'])} ${run('cksum', [libc.file])}`
  return { clang, bin: dirname(realpathSync(clang)), target: libc.target, version }
}

/** The directory with the runtime library that CPython needs, of the same version as clang. */
export const findBuiltins = ({ clang, target }: Toolchain): string | Missing => {
  const file = run(clang, [...target, '-print-libgcc-file-name']).trim()
  if (existsSync(file)) return file
  const major = /version (\d+)/.exec(run(clang, ['--version']))?.[1] ?? 'N'
  return { missing: file, install: `apt-get install libclang-rt-${major}-dev-wasm32` }
}

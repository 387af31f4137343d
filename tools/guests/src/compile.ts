import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprint } from '@uds/debian'
import { program } from '@uds/testkit'
import { cacheDir, contents, filesBelow, once } from './cache.ts'
import {
  componentize,
  componentNew,
  componentParse,
  findComponentTools,
  findWasip2,
} from './component-tools.ts'
import { findBuiltins } from './toolchain.ts'
import { findGo } from './go.ts'
import { GUEST_KIT, HERE } from './places.ts'
import { rows } from './rows.ts'
import type { GuestName, GuestRow } from './rows.ts'
import { run } from './run.ts'
import { findToolchain } from './toolchain.ts'
import type { Missing } from './toolchain.ts'

/** A compiler that was found: what it makes of a source file depends on nothing but these. */
interface Compiler {
  readonly version: string
  readonly inputs: readonly string[]
  compile(output: string): void
}

const KIT = ['include', 'src'].map((folder) => join(GUEST_KIT, folder))
const WARNINGS = ['-Wall', '-Wextra', '-Werror']

const forC = ({ source, flags = [], posix = false }: GuestRow): Compiler | Missing => {
  const toolchain = findToolchain()
  if ('missing' in toolchain) return toolchain
  const { clang, target, version } = toolchain
  const kit = posix ? filesBelow(join(GUEST_KIT, 'src')).filter((file) => file.endsWith('.c')) : []
  const names = posix ? ['-I', join(GUEST_KIT, 'include'), '-include', 'uds/posix.h'] : []
  const args = [...target, '-Os', '-s', ...WARNINGS, ...flags, ...names, join(HERE, source), ...kit]
  return {
    version: `${version} ${flags.join(' ')}`,
    inputs: posix ? [join(HERE, 'c'), ...KIT] : [join(HERE, 'c')],
    compile: (output) => void run(clang, [...args, '-o', output]),
  }
}

// Debian 12 has the first name, later ones the second: https://blog.rust-lang.org/2024/04/09/updates-to-rusts-wasi-targets/
const RUST_TARGETS = ['wasm32-wasip1', 'wasm32-wasi']

// A rustup in PATH may lack the standard library for WASI that Debian's own rustc has.
const findRust = (): { readonly rustc: string; readonly target: string } | undefined => {
  for (const rustc of [program('rustc'), '/usr/bin/rustc']) {
    if (rustc === undefined || !existsSync(rustc)) continue
    const library = join(run(rustc, ['--print', 'sysroot']).trim(), 'lib/rustlib')
    const target = RUST_TARGETS.find((name) => existsSync(join(library, name, 'lib')))
    if (target !== undefined) return { rustc, target }
  }
  return undefined
}

const forRust = ({ source }: GuestRow): Compiler | Missing => {
  const rust = findRust()
  if (rust === undefined) {
    return {
      missing: 'rustc with its library for WASI',
      install: 'apt-get install rustc libstd-rust-dev-wasm32',
    }
  }
  const linker = program('wasm-ld')
  if (linker === undefined) return { missing: 'wasm-ld', install: 'apt-get install lld' }
  const options = [`linker=${linker}`, 'opt-level=s', 'lto', 'strip=symbols'].flatMap((option) => [
    '-C',
    option,
  ])
  const args = ['--target', rust.target, ...options, join(HERE, source)]
  return {
    version: `${run(rust.rustc, ['-vV'])} ${rust.target}`,
    inputs: [join(HERE, source)],
    compile: (output) => void run(rust.rustc, [...args, '-o', output]),
  }
}

const forGo = ({ source }: GuestRow): Compiler | Missing => {
  const found = findGo()
  if ('missing' in found) return found
  const env = { ...found.env, GOOS: 'wasip1', GOARCH: 'wasm', GOFLAGS: '', GOTOOLCHAIN: 'local' }
  const args = ['build', '-ldflags=-s -w', '-o']
  return {
    version: found.version,
    inputs: [join(HERE, source)],
    compile: (output) => void run(found.go, [...args, output, join(HERE, source)], { env }),
  }
}

const forJs = ({ source }: GuestRow): Compiler | Missing => {
  const tools = findComponentTools()
  if ('missing' in tools) return tools
  const file = join(HERE, source)
  return {
    version: tools.version,
    inputs: [file, join(HERE, 'src/componentize.ts')],
    compile: (output) => componentize(file, output),
  }
}

const forWat = ({ source }: GuestRow): Compiler | Missing => {
  const tools = findComponentTools()
  if ('missing' in tools) return tools
  const file = join(HERE, source)
  return { version: tools.version, inputs: [file], compile: (output) => componentParse(file, output) }
}

/** C over wasi-libc for WASI 0.2: clang does not know that target as one to link. */
const forWasip2 = ({ source }: GuestRow): Compiler | Missing => {
  const found = findWasip2()
  if ('missing' in found) return found
  const toolchain = findToolchain()
  if ('missing' in toolchain) return toolchain
  const builtins = findBuiltins(toolchain)
  if (typeof builtins !== 'string') return builtins
  const { clang, linker, usr, version } = found
  const headers = [
    join(usr, 'include/wasm32-wasip2'),
    join(run(clang, ['-print-resource-dir']).trim(), 'include'),
  ]
  const libraries = join(usr, 'lib/wasm32-wasip2')
  const compile = (output: string): void => {
    const object = `${output}.o`
    const target = [
      '--target=wasm32-wasip2',
      '-Os',
      '-nostdinc',
      ...headers.flatMap((each) => ['-isystem', each]),
    ]
    run(clang, [...target, ...WARNINGS, '-c', join(HERE, source), '-o', object])
    run(linker, [
      join(libraries, 'crt1-command.o'),
      object,
      `-L${libraries}`,
      '-lc',
      builtins,
      '-s',
      '-o',
      output,
    ])
    rmSync(object)
  }
  return { version, inputs: [join(HERE, source)], compile }
}

/** What the compiler made becomes a component. */
const wrapped = (compiler: Compiler | Missing): Compiler | Missing => {
  const tools = findComponentTools()
  if ('missing' in compiler || 'missing' in tools)
    return 'missing' in compiler ? compiler : (tools as Missing)
  const compile = (output: string): void => {
    const core = `${output}.core`
    compiler.compile(core)
    componentNew(core, output)
    rmSync(core)
  }
  return { ...compiler, version: `${compiler.version} ${tools.version}`, compile }
}

const compilerFor = (row: GuestRow): Compiler | Missing => {
  if (row.component !== true) return compilers[row.language](row)
  return wrapped(row.language === 'c' ? forWasip2(row) : compilers[row.language](row))
}

const compilers: Readonly<Record<GuestRow['language'], (row: GuestRow) => Compiler | Missing>> = {
  c: forC,
  go: forGo,
  js: forJs,
  rust: forRust,
  wat: forWat,
}

/** Where the cache keeps a small guest, and how it gets there. */
interface Place {
  readonly path: string
  compile(output: string): void
}

const placeOf = (name: GuestName): Place | Missing => {
  const row = rows[name]
  const compiler = compilerFor(row)
  if ('missing' in compiler) return compiler
  const key = fingerprint(name, compiler.version, ...contents(...compiler.inputs))
  return {
    path: join(cacheDir(process.env), `${name}-${key}.wasm`),
    compile: (output) => compiler.compile(output),
  }
}

/** Compiles a small guest, unless the cache has it from the same inputs; returns its path. */
export const compileGuest = (name: GuestName): string | Missing => {
  const place = placeOf(name)
  return 'missing' in place ? place : once(place.path, (output) => place.compile(output))
}

/** Returns the path of a small guest that the cache has from the same inputs; nothing is compiled. */
export const findGuest = (name: GuestName): string | Missing => {
  const place = placeOf(name)
  if ('missing' in place) return place
  return existsSync(place.path)
    ? place.path
    : { missing: 'compiling', install: 'pnpm guests (a minute, once)' }
}

/** What makes components: jco and componentize-js, from npm, and Debian 13's wasi-libc, both kept in the cache. */
import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDir, makeRoot } from '@uds/debian'
import { npmFile, npmProgram } from '@uds/nodes'
import { program } from '@uds/testkit'
import { HERE } from './places.ts'
import { run } from './run.ts'
import type { Missing } from './toolchain.ts'

/** It brings jco along. */
const PACKAGE = '@bytecodealliance/componentize-js'
const VERSION = '0.23.0'

const BY_PNPM = 'pnpm guests installs it into the cache'

const npmMissing: Missing = { missing: `${PACKAGE} ${VERSION}`, install: BY_PNPM }

/** jco lies beside it. */
const jco = (file: string): string => npmFile(PACKAGE, VERSION, join('../jco', file))

/** Makes a component of a core module: by the adapter of preview 1 that jco has. */
export const componentNew = (core: string, output: string): void =>
  void run(process.execPath, [jco('dist/jco.js'), 'new', core, '--wasi-command', '-o', output])

/** Makes a component of its text. */
export const componentParse = (source: string, output: string): void =>
  void run(process.execPath, [jco('dist/jco.js'), 'parse', source, '-o', output])

/** Makes a component of a module of JavaScript. */
export const componentize = (source: string, output: string): void => {
  const library = npmFile(PACKAGE, VERSION, '.')
  const [wit] = globSync(jco('lib/wit/builtin/0.2.*')).toSorted().slice(-1)
  const script = join(HERE, 'src/componentize.ts')
  run(process.execPath, ['--disable-warning=ExperimentalWarning', script, library, wit ?? '', source, output])
}

/** Whether they are there; the version, for the name of what they make. */
export const findComponentTools = (): { readonly version: string } | Missing =>
  existsSync(jco('package.json')) ? { version: VERSION } : npmMissing

/** A C compiler for `wasm32-wasip2`. */
export interface Wasip2 {
  readonly clang: string
  readonly linker: string
  /** The directory that has `lib` and `include`. */
  readonly usr: string
  readonly version: string
}

const libcHome = (): string => join(cacheDir(process.env), 'wasi-libc')

/** wasm-ld 14 does not know what the libc of Debian 13 asks of it. */
const LINKERS = ['wasm-ld-16', 'wasm-ld-19', 'wasm-ld']
const FIRST_LINKER = 15

const findLinker = (): string | undefined => {
  for (const directory of ['/usr/bin', ...dirsOf(program('wasm-ld'))])
    for (const name of LINKERS) {
      const file = join(directory, name)
      if (existsSync(file) && Number(/LLD (\d+)/.exec(run(file, ['--version']))?.[1]) >= FIRST_LINKER)
        return file
    }
  return undefined
}

const dirsOf = (file: string | undefined): string[] => (file === undefined ? [] : [dirname(file)])

export const findWasip2 = (): Wasip2 | Missing => {
  const clang = program('clang')
  if (clang === undefined) return { missing: 'clang', install: 'apt-get install clang' }
  const linker = findLinker()
  if (linker === undefined)
    return { missing: `wasm-ld ${FIRST_LINKER} or later`, install: 'apt-get install lld-16' }
  const usr = join(libcHome(), 'usr')
  const libc = join(usr, 'lib/wasm32-wasip2/libc.a')
  if (!existsSync(libc))
    return { missing: 'wasi-libc for WASI 0.2', install: 'pnpm guests gets that of Debian 13' }
  const version = `${run(clang, ['--version'])} ${run(linker, ['--version'])} ${run('cksum', [libc])}`
  return { clang, linker, usr, version }
}

/** Installs what is missing, 390 MB from npm; where that cannot be, it stays missing. */
export const makeComponentTools = async (say: (line: string) => void): Promise<void> => {
  if ('missing' in findComponentTools()) {
    say(`installing ${PACKAGE}`)
    try {
      npmProgram(PACKAGE, VERSION, 'package.json')
    } catch (error) {
      say(error instanceof Error ? error.message : String(error))
    }
  }
  try {
    await makeRoot({ release: 'trixie', packages: ['wasi-libc'] }, libcHome(), say)
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
  }
}

import { existsSync, mkdirSync, rmSync, cpSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fingerprint } from '@uds/debian'
import { cacheDir, contents, filesBelow, once } from '../cache.ts'
import { GUEST_KIT } from '../places.ts'
import { findBuiltins, findToolchain } from '../toolchain.ts'
import type { Missing, Toolchain } from '../toolchain.ts'
import { buildPython } from './build.ts'
import { installLibrary } from './library.ts'
import { keepLicences, writeProvenance } from './licences.ts'
import { findNativePython } from './native.ts'
import type { NativePython } from './native.ts'
import { downloadSource } from './source.ts'

/** CPython for WASI with `_wasisocket`. */
export interface PythonGuest {
  /** The command. */
  readonly wasm: string
  /** A reactor that exports Py_Initialize, PyRun_SimpleString, Py_FinalizeEx, malloc and free. */
  readonly embeddable: string
  /** The folder that the guest has as `/usr/local`: it holds `lib/python3.x`. */
  readonly prefix: string
  /** "3.11" */
  readonly minor: string
}

interface Plan {
  readonly native: NativePython
  readonly toolchain: Toolchain
  readonly home: string
}

const plan = (): Plan | Missing => {
  const native = findNativePython()
  if ('missing' in native) return native
  const toolchain = findToolchain()
  if ('missing' in toolchain) return toolchain
  const builtins = findBuiltins(toolchain)
  if (typeof builtins !== 'string') return builtins
  // package.ts only copies what was built.
  const recipe = filesBelow(import.meta.dirname).filter((file) => basename(file) !== 'package.ts')
  // wasisocket.py and its like are not part of it: they are mounted from the sources, and may change freely.
  const inputs = ['include/uds', 'python/_wasisocket.c', 'python/Setup.local'].map((path) =>
    join(GUEST_KIT, path),
  )
  const key = fingerprint(native.version, toolchain.version, ...contents(...inputs, ...recipe))
  return { native, toolchain, home: join(cacheDir(process.env), `cpython-${native.version}-${key}`) }
}

const guestAt = ({ home, native }: Plan): PythonGuest => ({
  wasm: join(home, 'python.wasm'),
  embeddable: join(home, 'python-embed.wasm'),
  prefix: home,
  minor: native.minor,
})

/** The CPython that was built from the same inputs before. */
export const findPython = (): PythonGuest | Missing => {
  const planned = plan()
  if ('missing' in planned) return planned
  return existsSync(planned.home)
    ? guestAt(planned)
    : { missing: 'CPython for WASI', install: 'pnpm guests cpython (about five minutes, once)' }
}

const build = ({ native, toolchain }: Plan, home: string, say: (line: string) => void): void => {
  const work = `${home}.work`
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  mkdirSync(home)
  try {
    say(`downloading the sources of python${native.minor} with apt`)
    const source = downloadSource(`python${native.minor}`, work)
    say('compiling (a few minutes)')
    const built = buildPython(source.folder, work, native, toolchain)
    for (const file of ['python.wasm', 'python-embed.wasm']) cpSync(join(built, file), join(home, file))
    installLibrary(source.folder, built, home, native)
    keepLicences(source.folder, home)
    writeProvenance(source, native, toolchain, home)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Builds CPython, unless the cache has it from the same inputs. */
export const makePython = (say: (line: string) => void): PythonGuest | Missing => {
  const planned = plan()
  if ('missing' in planned) return planned
  once(planned.home, (unfinished) => build(planned, unfinished, say))
  return guestAt(planned)
}

import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { run } from '../run.ts'
import type { NativePython } from './native.ts'

// What cannot work in a guest, or is only for tests: a third of the library's size.
const LEFT_OUT = new Set([
  '__pycache__',
  'curses',
  'ensurepip',
  'idlelib',
  'lib2to3',
  'test',
  'tests',
  'tkinter',
  'turtledemo',
])

/** Puts the standard library where python.wasm looks for it below its prefix: lib/python3.x. */
export const installLibrary = (source: string, build: string, prefix: string, native: NativePython): void => {
  const library = join(prefix, `lib/python${native.minor}`)
  // lib-dynload has nothing to hold, but Python warns when it is missing.
  mkdirSync(join(library, 'lib-dynload'), { recursive: true })
  cpSync(join(source, 'Lib'), library, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) })
  // _sysconfigdata_*.py, which sysconfig reads.
  const generated = join(build, readFileSync(join(build, 'pybuilddir.txt'), 'utf8').trim())
  for (const file of readdirSync(generated).filter((name) => name.endsWith('.py'))) {
    cpSync(join(generated, file), join(library, file))
  }
  // A guest that cannot write keeps no compiled files, so they come ready. Both Pythons have the same minor version,
  // so they compile to the same form; the hash instead of the time stays right wherever the files are copied.
  const compileall = ['-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash']
  run(native.path, [...compileall, '-d', `/usr/local/lib/python${native.minor}`, library])
}

import { compileGuest } from './compile.ts'
import { findPython, makePython } from './cpython/cpython.ts'
import { stagePython } from './cpython/package.ts'
import { makeComponentTools } from './component-tools.ts'
import { makeGo } from './go.ts'
import type { PythonGuest } from './cpython/cpython.ts'
import { rows } from './rows.ts'
import type { GuestName } from './rows.ts'
import type { Missing } from './toolchain.ts'

const USAGE = `usage: pnpm guests [small | cpython | package | all]
  small    compiles the small guests in C, Rust, Go and JavaScript, components among them (the default)
  cpython  builds CPython for WASI with _wasisocket from Debian's sources: about five minutes
  package  puts a CPython that was built into packages/python-wasi, as cpython does
  all      small and cpython
Each line of the output is a name and a path; what is built already comes from the cache.`

const isMissing = (found: object | string): found is Missing =>
  typeof found === 'object' && 'missing' in found

/** Returns false when something that Debian has is not installed. */
const small = async (): Promise<boolean> => {
  let complete = true
  await makeComponentTools((line) => console.error(`components: ${line}`))
  await makeGo((line) => console.error(`go: ${line}`))
  for (const name of Object.keys(rows) as GuestName[]) {
    const found = compileGuest(name)
    if (!isMissing(found)) {
      console.log(`${name}\t${found}`)
      continue
    }
    console.error(`${name}: needs ${found.missing}: ${found.install}`)
    complete = false
  }
  return complete
}

const stage = (found: PythonGuest | Missing): boolean => {
  if (isMissing(found)) {
    console.error(`cpython: needs ${found.missing}: ${found.install}`)
    return false
  }
  console.log(`cpython\t${found.wasm}\ncpython-embed\t${found.embeddable}\npackage\t${stagePython(found)}`)
  return true
}

const cpython = (): boolean => stage(makePython((line) => console.error(`cpython: ${line}`)))

const commands: Readonly<Record<string, () => boolean | Promise<boolean>>> = {
  small,
  cpython,
  package: () => stage(findPython()),
  all: async () => [await small(), cpython()].every(Boolean),
}

const command = commands[process.argv[2] ?? 'small']
if (command === undefined || process.argv.length > 3) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  process.exitCode = (await command()) ? 0 : 1
}

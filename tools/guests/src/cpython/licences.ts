/** The licences of what a built CPython holds, and where it came from: they go where it goes. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Toolchain } from '../toolchain.ts'
import type { NativePython } from './native.ts'
import type { Source } from './source.ts'

/** What is linked in, beside CPython: the C library, and the compiler's own functions. */
const LINKED = ['wasi-libc', 'libclang-rt-*-dev-wasm32']

/** Copies the licences into `home`. */
export const keepLicences = (source: string, home: string): void => {
  const target = join(home, 'licences')
  mkdirSync(target)
  cpSync(join(source, 'LICENSE'), join(target, 'cpython.txt'))
  // Of expat, libmpdec and the other software in CPython's own sources.
  cpSync(join(source, 'Doc/license.rst'), join(target, 'cpython-incorporated.rst'))
  for (const name of LINKED) {
    for (const file of globSync(`/usr/share/doc/${name}/copyright`))
      cpSync(file, join(target, `${basename(join(file, '..'))}.txt`))
  }
}

const sha256Of = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

/** Writes down what was built from what. */
export const writeProvenance = (
  source: Source,
  native: NativePython,
  toolchain: Toolchain,
  home: string,
): void => {
  const provenance = {
    version: native.version,
    source: { file: basename(source.tarball), sha256: sha256Of(source.tarball) },
    toolchain: toolchain.version.trim().split('\n')[0],
    files: Object.fromEntries(
      ['python.wasm', 'python-embed.wasm']
        .filter((file) => existsSync(join(home, file)))
        .map((file) => [file, { sha256: sha256Of(join(home, file)) }]),
    ),
  }
  writeFileSync(join(home, 'provenance.json'), `${JSON.stringify(provenance, null, 2)}\n`)
}

/**
 * CPython as a guest of `@uds/wasi-host`: where its files lie, and what a host passes to it.
 *
 * @packageDocumentation
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A CPython for WASI with `_wasisocket`, and its standard library. */
export interface Python {
  /** Its version, as "3.11.2". */
  readonly version: string
  /** Path of the command, for `WasiHost.run`. */
  readonly wasm: string
  /**
   * Path of the reactor, for `WasiHost.instantiate`: it exports `Py_Initialize`, `PyRun_SimpleString`, `Py_FinalizeEx`,
   * `malloc` and `free`.
   */
  readonly embeddable: string
  /** The option `preopens` that shows the guest its standard library, which it cannot change. */
  readonly preopens: Readonly<Record<string, { readonly path: string; readonly readOnly: true }>>
}

interface Provenance {
  readonly version: string
}

/** The folder of CPython's files: beside `dist` when published, beside `src` in a checkout. */
const HOME = join(import.meta.dirname, '../python')

/**
 * Finds the files of CPython.
 *
 * @throws Error in a checkout that has not built them: `pnpm guests cpython` does.
 */
export const python = (): Python => {
  let provenance: string
  try {
    provenance = readFileSync(join(HOME, 'provenance.json'), 'utf8')
  } catch (cause) {
    throw new Error(
      `CPython's files are not in ${HOME}: in a checkout, "pnpm guests cpython" builds them; else install @uds/python-wasi again`,
      { cause },
    )
  }
  return {
    version: (JSON.parse(provenance) as Provenance).version,
    wasm: join(HOME, 'python.wasm'),
    embeddable: join(HOME, 'python-embed.wasm'),
    preopens: { '/usr/local': { path: HOME, readOnly: true } },
  }
}

import { compileGuest, findGuest } from './compile.ts'
import { findPython } from './cpython/cpython.ts'
import type { PythonGuest } from './cpython/cpython.ts'
import { isSlow, rows } from './rows.ts'
import type { GuestName } from './rows.ts'
import type { Missing } from './toolchain.ts'

/** What {@link needsGuest} found, in the shape that `describe.skipIf` wants. */
export interface GuestNeed {
  /** The path of the WebAssembly file; the guest's name when it is missing. */
  readonly path: string
  /** True when the tests that need it must be skipped. */
  readonly missing: boolean
}

/** What {@link needsPython} found. */
export interface PythonNeed extends PythonGuest {
  /** True when the tests that need it must be skipped. */
  readonly missing: boolean
}

const told = new Set<string>()

// As testkit's program(): named once, and fatal where everything is demanded and can be had.
const report = (what: string, { missing, install }: Missing, demanded: boolean): void => {
  const reason = `${what} needs ${missing}: ${install}`
  if (demanded && process.env['UDS_REQUIRE'] === 'all')
    throw new Error(`UDS_REQUIRE=all demands guests; ${reason}`)
  if (!told.has(reason)) console.warn(reason)
  told.add(reason)
}

// Debian has all of it; Homebrew has no wasi-libc for its clang.
const isDebian = process.platform === 'linux'

// Under Wine the compilers of the system around it can be seen, but not run.
const elsewhere: Missing | undefined =
  process.platform === 'win32'
    ? { missing: 'Linux or macOS', install: 'guests are not built on Windows' }
    : undefined

const find = (name: GuestName): string | Missing =>
  elsewhere ?? (isSlow(rows[name]) ? findGuest(name) : compileGuest(name))

/**
 * A small guest, compiled if it must be. What takes long is only found: `pnpm guests` compiles it, Go's and
 * components.
 *
 * @throws Error when it cannot be compiled and UDS_REQUIRE=all demands it.
 */
export const needsGuest = (name: GuestName): GuestNeed => {
  const found = find(name)
  if (typeof found === 'string') return { path: found, missing: false }
  report(`The guest ${name}`, found, isDebian)
  return { path: name, missing: true }
}

/**
 * CPython with `_wasisocket`, when `pnpm guests cpython` has built it: a test does not take five minutes unasked.
 *
 * @throws Error when it was not built and UDS_REQUIRE=all demands it.
 */
export const needsPython = (): PythonNeed => {
  const found = elsewhere ?? findPython()
  if (!('missing' in found)) return { ...found, missing: false }
  report('The guest CPython', found, isDebian)
  return { wasm: 'python.wasm', embeddable: 'python-embed.wasm', prefix: '.', minor: '3', missing: true }
}

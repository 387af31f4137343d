/** koffi: which of its packages this system needs, loading it, and the part of its interface that is used here. */
import { statSync } from 'node:fs'
import { fileOf } from '../bundle.ts'
import { system } from '../system.ts'
import { koffiMissing } from './koffi-missing.ts'

/** A C function, called with its arguments and returning its result: https://koffi.dev/load */
export type KoffiFunction = (...args: unknown[]) => unknown

export interface KoffiLibrary {
  func(name: string, result: string, args: string[]): KoffiFunction
  symbol(name: string): unknown
}

/** https://koffi.dev/misc, https://koffi.dev/pointers */
export interface Koffi {
  readonly version: string
  /** Loads a shared library; null stands for the process itself. */
  load(file: string | null): KoffiLibrary
  /** The memory of a view as a pointer. */
  address(view: ArrayBufferView): bigint
  /** Native memory as an ArrayBuffer, without a copy. */
  view(address: bigint | number, size: number): ArrayBuffer
  /** errno of the last call in this thread. */
  errno(): number
  /** Poll handles of libuv, since 2.15. */
  readonly node?: { readonly poll?: unknown }
}

/**
 * The package with the binary for this system is complete by itself and runs no script when it is installed. The package
 * `koffi` itself, which has such a script, is what a program beside this one may have brought, or what a bundle has
 * beside it.
 */
const OWN = `@koromix/koffi-${system}-${process.arch}`

let koffi: Koffi | undefined

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND'

const requireKoffi = (url: string | undefined): Koffi => {
  // Asked for here, as it loads the reader of source maps, which no import needs.
  const { createRequire } = process.getBuiltinModule('node:module')
  const load = createRequire(fileOf(url))
  try {
    return load(OWN) as Koffi
  } catch (error) {
    // What is wrong with a package that is there is said as it is.
    if (!isMissing(error)) throw error
    return load('koffi') as Koffi
  }
}

/**
 * koffi, loaded at the first call: importing this package costs no FFI and fails nowhere. The calls of this package are
 * made by {@link loadBackend}, which need not be koffi.
 *
 * @throws SocketError `ENOTSUP` where koffi is not installed, has no binary for this system, was left behind by a bundler,
 *   or is kept out by Node's permission model; the message says which, and what to do.
 */
export const loadKoffi = (): Koffi => {
  forgetLastStat()
  if (koffi) return koffi
  // Empty where a bundler has made CommonJS of this.
  const url = import.meta.url as string | undefined
  try {
    koffi = requireKoffi(url)
    return koffi
  } catch (cause) {
    throw koffiMissing(cause, url)
  }
}

/**
 * After a stat of a socket or a pipe, Node 22 follows no link of node_modules: https://github.com/nodejs/node/issues/51142.
 * With pnpm's, koffi would not find its binary then. A stat of anything else mends it.
 */
const forgetLastStat = (): void => {
  if (koffi) return
  try {
    statSync('.')
  } catch {
    // The directory is gone, or Node's permission model keeps it.
  }
}

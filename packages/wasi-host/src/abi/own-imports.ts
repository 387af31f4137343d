/** Imports that the embedder adds to those of the host. */
import type { ModuleImport } from '../module/binary.ts'
import type { WasmImports, WasmMemory, WasmTable } from '../module/engine.ts'
import { linkError } from '../outcome/errors.ts'

/** Functions, globals, memories and tables by module and name, as `WebAssembly.instantiate` takes them. */
export type ImportObject = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What the functions of the embedder may work on. */
export interface GuestParts {
  readonly memory: WasmMemory
  /** The table that the guest exports, if it does. */
  readonly table: WasmTable | undefined
}

/**
 * What the embedder adds: an object, or a function that is called with the memory and the table of the guest once they
 * are there, before the first call of an export.
 */
export type ImportsOption = ImportObject | ((guest: GuestParts) => ImportObject)

const lookUp = (imports: ImportObject, { module, name }: ModuleImport): unknown => {
  const found = Object.hasOwn(imports, module) ? imports[module] : undefined
  return found !== undefined && Object.hasOwn(found, name) ? found[name] : undefined
}

const show = ({ module, name }: ModuleImport): string => `${module}.${name}`

/** The imports of one guest that its embedder serves. */
export class OwnImports {
  readonly #option: ImportsOption | undefined
  /** Filled when the function has been called, for the calls that the guest was linked with before. */
  readonly #functions = new Map<string, (...args: unknown[]) => unknown>()
  readonly #wanted: ModuleImport[] = []

  constructor(option: ImportsOption | undefined) {
    this.#option = option
  }

  /** What the embedder has for an import; undefined when it has nothing. */
  get(wanted: ModuleImport): unknown {
    if (typeof this.#option !== 'function') return this.#option && lookUp(this.#option, wanted)
    if (wanted.kind !== 'function') return undefined
    this.#wanted.push(wanted)
    const name = show(wanted)
    return (...args: unknown[]): unknown => {
      const fn = this.#functions.get(name)
      if (!fn) throw linkError(`${name} was called by the start function, before "imports" could be called`)
      return fn(...args)
    }
  }

  /**
   * Fails when an import is one that the host serves itself.
   *
   * @throws TypeError `ERR_WASI_LINK`
   */
  expectNoClash(
    isServed: (module: string, name: string) => boolean,
    imports: ImportsOption | undefined = this.#option,
  ): void {
    if (imports === undefined || typeof imports === 'function') return
    for (const [module, names] of Object.entries(imports))
      for (const name of Object.keys(names))
        if (isServed(module, name))
          throw linkError(
            `imports has ${module}.${name}, which the host serves itself: leave it out, or name it otherwise`,
          )
  }

  /**
   * Calls the function of the embedder, if there is one.
   *
   * @throws TypeError `ERR_WASI_LINK` when it lacks something that the guest imports, or clashes with the host.
   */
  resolve(parts: GuestParts, isServed: (module: string, name: string) => boolean): void {
    if (typeof this.#option !== 'function') return
    const imports = this.#option(parts)
    this.expectNoClash(isServed, imports)
    const missing: string[] = []
    for (const wanted of this.#wanted) {
      const fn = lookUp(imports, wanted)
      if (typeof fn === 'function') this.#functions.set(show(wanted), fn as (...args: unknown[]) => unknown)
      else missing.push(show(wanted))
    }
    if (missing.length > 0)
      throw linkError(`the module imports what neither this host nor "imports" has: ${missing.join(', ')}`)
  }
}

/** An import object with an entry added. */
export const addImport = (imports: WasmImports, { module, name }: ModuleImport, value: unknown): void => {
  const names = (imports[module] ??= {})
  names[name] = value
}

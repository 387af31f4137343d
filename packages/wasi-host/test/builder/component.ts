/** Components around core modules in WebAssembly text, whose imports are all that the host serves of WASI 0.2. */
import { interfaces } from '../../src/component/link.ts'
import { buildModule, type Import, type ModuleOptions } from './module.ts'

const u = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u(value >>> 7)])
const text = (value: string): number[] => [...u(Buffer.byteLength(value)), ...Buffer.from(value)]
const section = (id: number, content: readonly number[]): number[] => [id, ...u(content.length), ...content]

export interface ComponentOptions {
  readonly imports?: readonly string[]
  readonly exports?: readonly string[]
  /** Sections by their ids, after the core modules. */
  readonly sections?: readonly (readonly [id: number, content: readonly number[]])[]
}

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]

/** The type of an instance without exports, which is what each import and export here is. */
const INSTANCE_TYPE = [1, 0x42, 0]

/** A component with these core modules; how they are instantiated is left out, which the host does not follow. */
export const wrap = (
  modules: readonly Uint8Array[],
  { imports = [], exports = ['wasi:cli/run@0.2.0'], sections = [] }: ComponentOptions = {},
): Uint8Array =>
  Uint8Array.from([
    ...PREAMBLE,
    ...section(7, INSTANCE_TYPE),
    ...imports.flatMap((name) => section(10, [1, 0x00, ...text(name), 5, 0])),
    ...modules.flatMap((module) => section(1, [...module])),
    ...sections.flatMap(([id, content]) => section(id, content)),
    ...exports.flatMap((name) => section(11, [1, 0x00, ...text(name), 5, 0, 0])),
  ])

/** `wasi:sockets/tcp` and `[method]tcp-socket.accept`: `tcp-socket.accept`; others by the interface, too: `poll.poll`. */
const exportName = (path: string, name: string): string => {
  const kind = /^\[([\w-]+)\](.*)$/.exec(name)
  if (kind?.[1] === 'resource-drop') return `drop.${kind[2]}`
  return kind ? kind[2]! : `${path.split('/')[1]}.${name}`
}

/**
 * Every function that the host serves in each way of waiting, as an import that an export of its own passes on to:
 * wasi:http, which is not, has its own tests.
 */
const served = Object.entries(interfaces).filter(([path]) => !path.startsWith('wasi:http/'))
export const allImports: readonly Import[] = served.flatMap(([path, rows]) =>
  Object.entries(rows).map(([name, { parameters, result }]) => ({
    module: `${path}@0.2.0`,
    name,
    parameters,
    result: result ?? '',
    as: exportName(path, name),
  })),
)

/** Memory from 32 KiB on, each piece at a multiple of 8. */
export const REALLOC = `(global $top (mut i32) (i32.const 32768))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $top)
    (global.set $top (i32.and (i32.add (i32.add (global.get $top) (local.get 3)) (i32.const 7)) (i32.const -8))))`

/** A component whose exports call every function that the host serves. */
export const buildComponent = ({ wat = '', ...options }: Partial<ModuleOptions> = {}): Uint8Array =>
  wrap([buildModule({ imports: allImports, pages: 40, ...options, wat: `${REALLOC} ${wat}` })])

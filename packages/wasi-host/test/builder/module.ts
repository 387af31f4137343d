/**
 * Builds small guests from WebAssembly text, so that every import can be called as a compiled guest would call it: for
 * each import an export of the same type that passes its parameters on.
 */
import { assemble } from '@uds/guests/text'

export { assemble }

export interface Import {
  readonly module: string
  readonly name: string
  /** `i` an i32, `I` an i64; every import returns an i32 unless `result` is ''. */
  readonly parameters: string
  readonly result?: '' | 'i' | 'I'
  /** The name of the export that calls it. @default the name of the import */
  readonly as?: string
}

export interface ModuleOptions {
  readonly imports: readonly Import[]
  /** Pages of memory. @default 2 */
  readonly pages?: number
  /** Bytes in the memory from the start. */
  readonly data?: readonly { readonly at: number; readonly bytes: Uint8Array }[]
  /** Custom sections without content, by name. */
  readonly sections?: readonly string[]
  /** More fields of the module, as text: `(func (export "f") ... (call $fd_write ...))`. */
  readonly wat?: string
}

const types = (shape: string): string =>
  Array.from(shape, (each) => ` ${each === 'I' ? 'i64' : 'i32'}`).join('')

const signature = ({ parameters, result = 'i' }: Import): string =>
  `(param${types(parameters)}) (result${types(result)})`

const passed = ({ parameters }: Import): string =>
  Array.from(parameters, (_, index) => `(local.get ${index})`).join(' ')

const escaped = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replaceAll(/../g, '\\$&')

export const buildModule = ({
  imports,
  pages = 2,
  data = [],
  sections = [],
  wat = '',
}: ModuleOptions): Uint8Array => {
  const named = imports.map((each) => ({ ...each, as: each.as ?? each.name }))
  const fields = [
    ...named.map((each) => `(import "${each.module}" "${each.name}" (func $${each.as} ${signature(each)}))`),
    `(memory (export "memory") ${pages})`,
    ...data.map(({ at, bytes }) => `(data (i32.const ${at}) "${escaped(bytes)}")`),
    ...named.map(
      (each) => `(func (export "${each.as}") ${signature(each)} (call $${each.as} ${passed(each)}))`,
    ),
    // The memory can be made larger from outside.
    '(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))',
    wat,
  ]
  return assemble(`(module\n${fields.join('\n')}\n)`, sections)
}

const PREVIEW1 = 'wasi_snapshot_preview1'

/** Imports of `wasi_snapshot_preview1`, written `name:iii`. */
export const preview1 = (...names: string[]): Import[] => of(PREVIEW1, names)
export const udsSocket = (...names: string[]): Import[] => of('uds_socket', names, 'uds_')

const of = (module: string, names: readonly string[], prefix = ''): Import[] =>
  names.map((each) => {
    const [name, parameters] = each.split(':') as [string, string]
    return { module, name, parameters, as: `${prefix}${name}` }
  })

/** Components around core modules in WebAssembly text, whose imports are all that the host serves of WASI 0.2. */
import { interfaces } from '../../src/component/link.ts'
import { wrap } from '@uds/guests/text'
import { buildModule, type Import, type ModuleOptions } from './module.ts'

export { wrap }

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

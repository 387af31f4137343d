/** Components of WASI 0.3 around core modules in WebAssembly text, whose imports are all that the host serves of it. */
import { builtins } from '../../src/component/async/builtins.ts'
import { copyBuiltin } from '../../src/component/async/copy-builtins.ts'
import { carriedOf, type WitFunction } from '../../src/component/async/wit-function.ts'
import { shapeOf } from '../../src/component/canonical/function.ts'
import { interfaces03 } from '../../src/component/wasi03/link.ts'
import { REALLOC, wrap } from './component.ts'
import { buildModule, type Import, type ModuleOptions } from './module.ts'

const result = (shape: string): '' | 'i' | 'I' => shape as '' | 'i' | 'I'

/**
 * `[method]tcp-socket.send`: `tcp-socket.send`; others by the interface, too: `monotonic-clock.now`. A function's first future
 * is read by `future-read.tcp-socket.send`, its second by `future-read.tcp-socket.send.1`.
 */
const plainName = (path: string, name: string): string => {
  const kind = /^\[([\w-]+)\](.*)$/.exec(name)
  if (kind?.[1] === 'resource-drop') return `drop.${kind[2]}`
  return kind ? kind[2]! : `${path.split('/')[1]}.${name}`
}

const actions = ['new', 'read', 'write', 'cancel-read', 'cancel-write', 'drop-readable', 'drop-writable']

const ofFunction = (path: string, name: string, wanted: WitFunction): Import[] => {
  const module = `${path}@0.3.0`
  const as = plainName(path, name)
  const sync = shapeOf(wanted, 'lower')
  const made: Import[] = [{ module, name, parameters: sync.parameters, result: result(sync.result), as }]
  if (wanted.isAsync) {
    const { parameters } = shapeOf(wanted, 'async lower')
    made.push({ module, name: `[async-lower]${name}`, parameters, result: 'i', as: `async.${as}` })
  }
  const all = carriedOf(wanted)
  for (const [index, carried] of all.entries()) {
    const before = all.slice(0, index).filter(({ kind }) => kind === carried.kind).length
    for (const action of actions) {
      const lowersAsync = action === 'read' || action === 'write'
      const builtin = copyBuiltin(action, carried, lowersAsync)!
      made.push({
        module,
        name: `${lowersAsync ? '[async-lower]' : ''}[${carried.kind}-${action}-${index}]${name}`,
        parameters: builtin.parameters,
        result: builtin.result,
        as: `${carried.kind}-${action}.${as}${before === 0 ? '' : `.${before}`}`,
      })
    }
  }
  return made
}

const ofRoot: Import[] = Object.entries(builtins).map(([name, { parameters, result: type }]) => ({
  module: '$root',
  name,
  parameters,
  result: type,
  as: name.replaceAll(/[[\]]/g, ''),
}))

/** Every function that the host serves, as an import that an export of its own passes on to. */
export const allImports03: readonly Import[] = [
  ...ofRoot,
  ...Object.entries(interfaces03).flatMap(([path, functions]) =>
    Object.entries(functions).flatMap(([name, wanted]) => ofFunction(path, name, wanted)),
  ),
]

export const RUN03 = 'wasi:cli/run@0.3.0'

/** A component whose exports call every function that the host serves; or those that are named. */
export const buildComponent03 = ({
  wat = '',
  only,
  more = [],
  ...options
}: Partial<ModuleOptions> & {
  readonly only?: readonly string[]
  readonly more?: readonly Import[]
} = {}): Uint8Array =>
  wrap(
    [
      buildModule({
        imports: [...allImports03.filter(({ as }) => only === undefined || only.includes(as!)), ...more],
        pages: 40,
        ...options,
        wat: `${REALLOC} ${wat}`,
      }),
    ],
    { exports: [RUN03] },
  )

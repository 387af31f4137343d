/** readComposition: reads how a component is made: its sections, in their order. */
import { invalidWasm } from '../../outcome/errors.ts'
import type { CoreModule } from '../component-binary.ts'
import { readModule, Reader } from '../binary.ts'
import type { CanonicalOptions, Composition, Named, Step } from './definition.ts'
import {
  readAlias,
  readCoreSort,
  readExtern,
  readExternName,
  readSort,
  readType,
  skipCoreType,
} from './types.ts'

const encodings = ['utf8', 'utf16', 'latin1+utf16'] as const

const unknown = (what: string, code: number): never => {
  throw invalidWasm(
    `this component was composed with ${what} that this host does not know (0x${code.toString(16)}): compose components of WASI 0.2 alone`,
  )
}

const readOptions = (reader: Reader): CanonicalOptions => {
  const options: { -readonly [K in keyof CanonicalOptions]: CanonicalOptions[K] } = {
    encoding: 'utf8',
    memory: undefined,
    realloc: undefined,
    postReturn: undefined,
  }
  reader.list(() => {
    const code = reader.byte()
    if (code < encodings.length) options.encoding = encodings[code]!
    else if (code === 0x03) options.memory = reader.number()
    else if (code === 0x04) options.realloc = reader.number()
    else if (code === 0x05) options.postReturn = reader.number()
    // 0x06 async and 0x07 callback are of WASI 0.3.
    else unknown('an option of canon', code)
  })
  return options
}

const readCanon = (reader: Reader): Step => {
  const code = reader.byte()
  if (code === 0x00 || code === 0x01) {
    reader.byte()
    const func = reader.number()
    const options = readOptions(reader)
    return code === 0
      ? { kind: 'lift', func, options, type: reader.number() }
      : { kind: 'lower', func, options }
  }
  if (code === 0x02) return { kind: 'resource new', type: reader.number() }
  if (code === 0x03) return { kind: 'resource drop', type: reader.number() }
  return code === 0x04
    ? { kind: 'resource rep', type: reader.number() }
    : unknown('a function of canon', code)
}

const readNamed = (reader: Reader): Named => {
  const name = readExternName(reader)
  return { name, of: { sort: readSort(reader), index: reader.number() } }
}

const readArgument = (reader: Reader): Named => {
  const name = reader.name()
  return { name, of: { sort: readSort(reader), index: reader.number() } }
}

const readCoreInstance = (reader: Reader): Step => {
  if (reader.byte() === 0x01)
    return {
      kind: 'core bundle',
      exports: reader.list(() => {
        const name = reader.name()
        return { name, of: { sort: readCoreSort(reader), index: reader.number() } }
      }),
    }
  const module = reader.number()
  const args = reader.list(() => {
    const name = reader.name()
    reader.byte()
    return { name, instance: reader.number() }
  })
  return { kind: 'core instance', module, args }
}

const readInstance = (reader: Reader): Step =>
  reader.byte() === 0x00
    ? { kind: 'instance', component: reader.number(), args: reader.list(() => readArgument(reader)) }
    : { kind: 'bundle', exports: reader.list(() => readNamed(reader)) }

const readImport = (reader: Reader): Step => {
  const name = readExternName(reader)
  return { kind: 'import', name, what: readExtern(reader) }
}

const readExport = (reader: Reader): Step => {
  const { name, of } = readNamed(reader)
  if (reader.byte() === 1) readExtern(reader)
  return { kind: 'export', name, of }
}

const readCoreType = (reader: Reader): Step => {
  skipCoreType(reader)
  return { kind: 'core type' }
}

const readers: Readonly<Record<number, (reader: Reader) => Step>> = {
  2: readCoreInstance,
  3: readCoreType,
  5: readInstance,
  6: readAlias,
  7: (reader) => ({ kind: 'type', type: readType(reader) }),
  8: readCanon,
  10: readImport,
  11: readExport,
}

const PREAMBLE = 8

/** Components within components. */
const MOST_DEEP = 100

const readSteps = (
  bytes: Uint8Array<ArrayBuffer>,
  whole: Reader,
  modules: CoreModule[],
  depth = 0,
): Step[] => {
  if (depth > MOST_DEEP)
    throw invalidWasm(`this component has components within each other, more than ${MOST_DEEP} deep`)
  const steps: Step[] = []
  whole.part(PREAMBLE)
  while (whole.at < whole.end) {
    const id = whole.byte()
    const section = whole.part(whole.number())
    const read = readers[id]
    if (read) steps.push(...section.list(() => read(section)))
    else if (id === 1) {
      const core = bytes.slice(section.at, section.end)
      steps.push({
        kind: 'core module',
        module: modules.push({ bytes: core, declarations: readModule(core) }) - 1,
      })
    } else if (id === 4)
      steps.push({ kind: 'component', steps: readSteps(bytes, section, modules, depth + 1) })
    else if (id !== 0) unknown('a section', id)
  }
  return steps
}

/**
 * Reads how a component is made.
 *
 * @throws TypeError `ERR_INVALID_WASM` when it is not whole, or has what this host does not know.
 */
export const readComposition = (
  bytes: Uint8Array<ArrayBuffer>,
): { readonly composition: Composition; readonly modules: readonly CoreModule[] } => {
  const modules: CoreModule[] = []
  return { composition: { steps: readSteps(bytes, new Reader(bytes, 0, bytes.length), modules) }, modules }
}

/** Reads the types of a component. */
import { invalidWasm } from '../../outcome/errors.ts'
import type { Reader } from '../binary.ts'
import type {
  Extern,
  Primitive,
  Sort,
  Step,
  TypeDefinition,
  ValueDefinition,
  ValueRef,
} from './definition.ts'

const primitives: Readonly<Record<number, Primitive>> = {
  0x7f: 'bool',
  0x7e: 's8',
  0x7d: 'u8',
  0x7c: 's16',
  0x7b: 'u16',
  0x7a: 's32',
  0x79: 'u32',
  0x78: 's64',
  0x77: 'u64',
  0x76: 'f32',
  0x75: 'f64',
  0x74: 'char',
  0x73: 'string',
}

const unknown = (what: string, code: number): never => {
  throw invalidWasm(`this component has ${what} that this host does not know: 0x${code.toString(16)}`)
}

/** A number whose first byte has been read: LEB128. */
const numberFrom = (first: number, reader: Reader): number =>
  first < 0x80 ? first : (first & 0x7f) + 0x80 * reader.number()

/** A negative number of one byte is a primitive type, others are indices. */
const readRef = (reader: Reader): ValueRef => {
  const first = reader.byte()
  return (first & 0xc0) === 0x40
    ? (primitives[first] ?? unknown('a type of values', first))
    : numberFrom(first, reader)
}

const readOption = <T>(reader: Reader, read: () => T): T | undefined =>
  reader.byte() === 0 ? undefined : read()

const skipRest = (reader: Reader): void => {
  if (reader.byte() !== 0) readRef(reader)
}

/** `name'`: 0x00 or 0x01 and the name, or 0x02, the name and what later drafts add. */
export const readExternName = (reader: Reader): string => {
  const form = reader.byte()
  if (form > 1) return unknown('a name of a form', form)
  return reader.name()
}

const readValue = (code: number, reader: Reader): ValueDefinition => {
  if (primitives[code]) return { kind: 'alias', of: primitives[code] }
  switch (code) {
    case 0x72:
      return { kind: 'record', fields: reader.list(() => [reader.name(), readRef(reader)] as const) }
    case 0x71:
      return {
        kind: 'variant',
        cases: reader.list(() => {
          const name = reader.name()
          const type = readOption(reader, () => readRef(reader))
          // It refined another case once.
          skipRest(reader)
          return [name, type] as const
        }),
      }
    case 0x70:
      return { kind: 'list', of: readRef(reader) }
    case 0x6f:
      return { kind: 'tuple', of: reader.list(() => readRef(reader)) }
    case 0x6e:
      return { kind: 'flags', names: reader.list(() => reader.name()) }
    case 0x6d:
      return { kind: 'enum', names: reader.list(() => reader.name()) }
    case 0x6b:
      return { kind: 'option', of: readRef(reader) }
    case 0x6a: {
      const ok = readOption(reader, () => readRef(reader))
      return { kind: 'result', ok, error: readOption(reader, () => readRef(reader)) }
    }
    case 0x69:
      return { kind: 'own', resource: reader.number() }
    case 0x68:
      return { kind: 'borrow', resource: reader.number() }
    case 0x67:
      readRef(reader)
      reader.number()
      return { kind: 'unknown', name: 'a list of a fixed length' }
    case 0x66:
    case 0x65:
      readOption(reader, () => readRef(reader))
      return { kind: 'unknown', name: 'a stream or a future' }
    case 0x64:
      return { kind: 'unknown', name: 'an error context' }
    default:
      return unknown('a type', code)
  }
}

export const readExtern = (reader: Reader): Extern => {
  const code = reader.byte()
  if (code === 0x00) {
    reader.byte()
    return { kind: 'core module', type: reader.number() }
  }
  if (code === 0x01) return { kind: 'func', type: reader.number() }
  if (code === 0x02) {
    if (reader.byte() === 0) reader.number()
    else readRef(reader)
    return { kind: 'value' }
  }
  if (code === 0x03) return { kind: 'type', equal: reader.byte() === 0 ? reader.number() : undefined }
  if (code === 0x04) return { kind: 'component', type: reader.number() }
  return code === 0x05 ? { kind: 'instance', type: reader.number() } : unknown('an import or export', code)
}

const coreSorts: Readonly<Record<number, Sort>> = {
  0x00: 'core func',
  0x01: 'core table',
  0x02: 'core memory',
  0x03: 'core global',
  0x04: 'core tag',
  0x10: 'core type',
  0x11: 'core module',
  0x12: 'core instance',
}
const sorts: Readonly<Record<number, Sort>> = {
  0x01: 'func',
  0x02: 'value',
  0x03: 'type',
  0x04: 'component',
  0x05: 'instance',
}

export const readCoreSort = (reader: Reader): Sort => {
  const code = reader.byte()
  return coreSorts[code] ?? unknown('a sort', code)
}

export const readSort = (reader: Reader): Sort => {
  const code = reader.byte()
  return code === 0 ? readCoreSort(reader) : (sorts[code] ?? unknown('a sort', code))
}

export const readAlias = (reader: Reader): Step => {
  const sort = readSort(reader)
  const target = reader.byte()
  if (target === 0x02) return { kind: 'alias outer', sort, count: reader.number(), index: reader.number() }
  if (target > 0x02) return unknown('an alias', target)
  const instance = reader.number()
  return { kind: target === 0 ? 'alias export' : 'alias core export', sort, instance, name: reader.name() }
}

/** Function types are read for their length; those of modules are left out, since no module is imported. */
export const skipCoreType = (reader: Reader): void => {
  const code = reader.byte()
  if (code !== 0x60) unknown('a core type', code)
  reader.list(() => reader.valueType())
  reader.list(() => reader.valueType())
}

const readDeclaration = (reader: Reader): Step => {
  const code = reader.byte()
  if (code === 0x00) {
    skipCoreType(reader)
    return { kind: 'core type' }
  }
  if (code === 0x01) return { kind: 'type', type: readType(reader) }
  if (code === 0x02) return readAlias(reader)
  // 0x03 an import, of the type of a component alone.
  if (code === 0x03 || code === 0x04) {
    const name = readExternName(reader)
    return { kind: 'declared', name, what: readExtern(reader) }
  }
  return unknown('a declaration', code)
}

export const readType = (reader: Reader): TypeDefinition => {
  const code = reader.byte()
  if (code === 0x40) {
    const parameters = reader.list(() => {
      reader.name()
      return readRef(reader)
    })
    if (reader.byte() === 0) return { kind: 'func', parameters, result: readRef(reader) }
    reader.byte()
    return { kind: 'func', parameters, result: undefined }
  }
  if (code === 0x41) {
    reader.list(() => readDeclaration(reader))
    return { kind: 'component' }
  }
  if (code === 0x42) return { kind: 'instance', steps: reader.list(() => readDeclaration(reader)) }
  if (code === 0x3f) {
    reader.byte()
    return { kind: 'resource', destructor: readOption(reader, () => reader.number()) }
  }
  return { kind: 'value', value: readValue(code, reader) }
}

/** Fields: the resource `fields` of `wasi:http/types`, which headers and trailers are. */
import { HOP_BY_HOP } from '../../http/incoming-body.ts'
import type { HeaderList } from '../../http/http-calls.ts'
import {
  bool,
  borrow,
  list,
  own,
  result,
  string,
  variant,
  type Resource,
  type Tagged,
} from '../canonical/types.ts'
import { dropRow, type ComponentRows } from '../host.ts'
import { hostResource, typedRows } from '../typed-row.ts'
import { fieldEntries, fieldValue } from './types.ts'

type Entry = readonly [name: string, value: Uint8Array]

/** A value with a character for each byte. */
const textOf = (value: Uint8Array): string => Buffer.from(value).toString('latin1')

export class Fields {
  readonly immutable: boolean
  entries: Entry[]

  constructor(entries: readonly Entry[] = [], immutable = false) {
    this.entries = [...entries]
    this.immutable = immutable
  }

  static of(headers: HeaderList): Fields {
    return new Fields(
      headers.map(([name, value]) => [name, Buffer.from(value, 'latin1')]),
      true,
    )
  }

  /** The same, which can no longer be changed. */
  frozen(): Fields {
    return new Fields(this.entries, true)
  }

  list(): HeaderList {
    return this.entries.map(([name, value]) => [name, textOf(value)])
  }
}

export const fields: Resource = hostResource(Fields)

/** RFC 9110, section 5.6.2 */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** What no value has: RFC 9110, section 5.5. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const NOT_IN_A_VALUE = /[\0-\x08\x0a-\x1f\x7f]/

type Outcome = Tagged | undefined

const checked = (name: string, values: readonly Uint8Array[]): Outcome => {
  if (!TOKEN.test(name)) return { tag: 'invalid-syntax' }
  if (HOP_BY_HOP.has(name.toLowerCase())) return { tag: 'forbidden' }
  return values.some((value) => NOT_IN_A_VALUE.test(textOf(value))) ? { tag: 'invalid-syntax' } : undefined
}

const headerError = variant(['invalid-syntax'], ['forbidden'], ['immutable'])
const unit = result(undefined, headerError)

/** Changes the fields, unless they are immutable or the names and values are none. */
const changed = (
  self: Fields,
  name: string,
  values: readonly Uint8Array[],
  change: (lower: string) => void,
): Tagged => {
  const error = self.immutable ? { tag: 'immutable' } : checked(name, values)
  if (error) return { tag: 'error', val: error }
  change(name.toLowerCase())
  return { tag: 'ok' }
}

const named = ({ entries }: Fields, name: string): Uint8Array[] =>
  entries.filter(([each]) => each === name.toLowerCase()).map(([, value]) => value)

export const fieldsRows: ComponentRows = {
  ...typedRows({
    '[constructor]fields': { result: own(fields), call: () => new Fields() },
    '[static]fields.from-list': {
      parameters: [fieldEntries],
      result: result(own(fields), headerError),
      call: (_host, entries: Entry[]) => {
        for (const [name, value] of entries) {
          const error = checked(name, [value])
          if (error) return { tag: 'error', val: error }
        }
        return { tag: 'ok', val: new Fields(entries.map(([name, value]) => [name.toLowerCase(), value])) }
      },
    },
    '[method]fields.get': {
      parameters: [borrow(fields), string],
      result: list(fieldValue),
      call: (_host, self: Fields, name: string) => named(self, name),
    },
    '[method]fields.has': {
      parameters: [borrow(fields), string],
      result: bool,
      call: (_host, self: Fields, name: string) => named(self, name).length > 0,
    },
    '[method]fields.set': {
      parameters: [borrow(fields), string, list(fieldValue)],
      result: unit,
      call: (_host, self: Fields, name: string, values: Uint8Array[]) =>
        changed(self, name, values, (lower) => {
          const others = self.entries.filter(([each]) => each !== lower)
          self.entries = [...others, ...values.map((value): Entry => [lower, value])]
        }),
    },
    '[method]fields.delete': {
      parameters: [borrow(fields), string],
      result: unit,
      call: (_host, self: Fields, name: string) =>
        changed(self, name, [], (lower) => {
          self.entries = self.entries.filter(([each]) => each !== lower)
        }),
    },
    '[method]fields.append': {
      parameters: [borrow(fields), string, fieldValue],
      result: unit,
      call: (_host, self: Fields, name: string, value: Uint8Array) =>
        changed(self, name, [value], (lower) => void self.entries.push([lower, value])),
    },
    '[method]fields.entries': {
      parameters: [borrow(fields)],
      result: fieldEntries,
      call: (_host, self: Fields) => self.entries,
    },
    '[method]fields.clone': {
      parameters: [borrow(fields)],
      result: own(fields),
      call: (_host, self: Fields) => new Fields(self.entries),
    },
  }),
  '[resource-drop]fields': dropRow(Fields),
}

/** Fields: the resource `fields` of `wasi:http/types`, which headers and trailers are. */
import { HOP_BY_HOP } from '../../http/incoming-body.ts'
import type { HeaderList } from '../../http/http-calls.ts'
import { borrow, own } from '../canonical/handle.ts'
import { bytes, list } from '../canonical/lists.ts'
import { result, variant, type Result, type Tagged } from '../canonical/named.ts'
import { bool } from '../canonical/scalars.ts'
import { string } from '../canonical/text.ts'
import type { ValueType } from '../canonical/type.ts'
import { dropRow, type ComponentRows } from '../host.ts'
import { row, type Make } from '../row.ts'
import { TOKEN } from './syntax.ts'
import { fieldEntries, type FieldEntry } from './types.ts'

/** A value with a character for each byte. */
const textOf = (value: Uint8Array): string => Buffer.from(value).toString('latin1')

export class Fields {
  readonly immutable: boolean
  entries: FieldEntry[]

  constructor(entries: readonly FieldEntry[] = [], immutable = false) {
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

/** What no value has: RFC 9110, section 5.5. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const NOT_IN_A_VALUE = /[\0-\x08\x0a-\x1f\x7f]/

/** What is wrong with a name and its values. */
const wrongIn = (name: string, values: readonly Uint8Array[]): Tagged | undefined => {
  if (!TOKEN.test(name)) return { tag: 'invalid-syntax' }
  if (HOP_BY_HOP.has(name.toLowerCase())) return { tag: 'forbidden' }
  return values.some((value) => NOT_IN_A_VALUE.test(textOf(value))) ? { tag: 'invalid-syntax' } : undefined
}

type Changed<T = undefined> = Result<T, Tagged>

/** Changes the fields, unless they are immutable or the names and values are none. */
const changed = <T = undefined>(
  self: Fields,
  name: string,
  values: readonly Uint8Array[],
  change: (lower: string) => T,
): Changed<T> => {
  const error = self.immutable ? { tag: 'immutable' } : wrongIn(name, values)
  return error ? { error } : { ok: change(name.toLowerCase()) }
}

const named = ({ entries }: Fields, name: string): Uint8Array[] =>
  entries.filter(([each]) => each === name.toLowerCase()).map(([, value]) => value)

const fromList = (entries: readonly FieldEntry[]): Changed<Fields> => {
  for (const [name, value] of entries) {
    const error = wrongIn(name, [value])
    if (error) return { error }
  }
  return { ok: new Fields(entries.map(([name, value]) => [name.toLowerCase(), value])) }
}

const self = borrow(Fields)

/** What 0.2 and 0.3 have in common. */
export const fieldsFunctions = <F>(
  make: Make<F>,
  headerError: ValueType<Tagged>,
): Readonly<Record<string, F>> => ({
  '[constructor]fields': make([], own(Fields), () => new Fields()),
  '[static]fields.from-list': make([fieldEntries], result(own(Fields), headerError), (_host, entries) =>
    fromList(entries),
  ),
  '[method]fields.get': make([self, string], list(bytes), (_host, fields, name) => named(fields, name)),
  '[method]fields.has': make([self, string], bool, (_host, fields, name) => named(fields, name).length > 0),
  '[method]fields.set': make(
    [self, string, list(bytes)],
    result(undefined, headerError),
    (_host, fields, name, values): Changed =>
      changed(fields, name, values, (lower) => {
        const others = fields.entries.filter(([each]) => each !== lower)
        fields.entries = [...others, ...values.map((value): FieldEntry => [lower, value])]
        return undefined
      }),
  ),
  '[method]fields.delete': make(
    [self, string],
    result(undefined, headerError),
    (_host, fields, name): Changed =>
      changed(fields, name, [], (lower) => {
        fields.entries = fields.entries.filter(([each]) => each !== lower)
        return undefined
      }),
  ),
  '[method]fields.append': make(
    [self, string, bytes],
    result(undefined, headerError),
    (_host, fields, name, value): Changed =>
      changed(fields, name, [value], (lower) => {
        fields.entries.push([lower, value])
        return undefined
      }),
  ),
  '[method]fields.clone': make([self], own(Fields), (_host, { entries }) => new Fields(entries)),
})

/** Removes the values of a name, and returns them. */
export const getAndDelete = (fields: Fields, name: string): Changed<readonly Uint8Array[]> =>
  changed(fields, name, [], (lower) => {
    const values = named(fields, lower)
    fields.entries = fields.entries.filter(([each]) => each !== lower)
    return values
  })

export const fieldsRows: ComponentRows = {
  ...fieldsFunctions(row, variant(['invalid-syntax'], ['forbidden'], ['immutable'])),
  '[method]fields.entries': row([self], fieldEntries, (_host, { entries }) => entries),
  '[resource-drop]fields': dropRow(Fields),
}

/** nameFilter: which names an option lists, by name or by pattern. */
import { invalidArgument, invalidValue } from '@uds/winsock-ffi'

/** True for the names that a list has. */
export type NameFilter = (name: string) => boolean

const none: NameFilter = () => false

const matcherOf = (pattern: string): NameFilter => {
  if (pattern === '*') return () => true
  const wanted = pattern.split('.')
  const open = wanted.at(-1) === '**'
  if (open) wanted.pop()
  return (name) => {
    const segments = name.split('.')
    if (open ? segments.length <= wanted.length : segments.length !== wanted.length) return false
    return wanted.every((segment, at) => segment === '*' || segment === segments[at])
  }
}

/** A list of texts, none of them empty; without patterns where a subscription is made for each. */
export const checkNames = (what: string, names: unknown, patterns: boolean): readonly string[] => {
  if (names === undefined) return []
  if (!Array.isArray(names)) throw invalidArgument('open', what, 'a list of names', names)
  for (const name of names as unknown[]) {
    if (typeof name !== 'string' || name === '')
      throw invalidArgument('open', what, 'a list of names that are not empty', name)
    if (name.startsWith('$uds:')) throw invalidValue('open', what, 'may not have names of @uds/events', name)
    if (!patterns && name.includes('*'))
      throw invalidValue('open', what, 'must have names, without *: each is subscribed by itself', name)
  }
  return names as readonly string[]
}

/** `*` stands for a segment between dots, `**` at the end for one or more, `*` alone for every name. */
export const nameFilter = (names: readonly string[]): NameFilter => {
  if (names.length === 0) return none
  const exact = new Set(names.filter((name) => !name.includes('*')))
  const patterns = names.filter((name) => name.includes('*')).map((pattern) => matcherOf(pattern))
  if (patterns.length === 0) return (name) => exact.has(name)
  return (name) => exact.has(name) || patterns.some((matches) => matches(name))
}

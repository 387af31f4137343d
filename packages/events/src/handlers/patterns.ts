/** Patterns of event names, by segments: `*`, `sensor.*`, `*.state`, `sensor.**`. */
import { invalidValue } from '@uds/winsock-ffi'
import { checkName } from '../names.ts'

/** True for what `on` takes as a pattern; the name of an event has no `*`. */
export const isPattern = (name: string): boolean => name.includes('*')

/** @throws TypeError `ERR_INVALID_ARG_VALUE` */
export const checkPattern = (where: string, pattern: string): void => {
  checkName(where, pattern)
  const segments = pattern.split('.')
  segments.forEach((segment, at) => {
    if (!isPattern(segment) || segment === '*') return
    if (segment !== '**') {
      throw invalidValue(
        where,
        'name',
        'has a * beside other text: * stands for a whole segment between dots',
        pattern,
      )
    }
    if (at < segments.length - 1 || at === 0)
      throw invalidValue(where, 'name', 'has a ** that is not its last segment, behind others', pattern)
  })
}

/**
 * Returns what decides whether a name matches. `*` stands for one segment, `**` at the end for one or more; `*` alone for
 * every name.
 */
export const matcherOf = (pattern: string): ((name: string) => boolean) => {
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

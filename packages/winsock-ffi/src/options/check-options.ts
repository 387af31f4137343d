/** checkOptions, optionNames: misspelt options are refused by name. */
import { suggestedName } from './nearest-name.ts'
import { invalidArgument, invalidValue } from '../errors/wrong-argument.ts'

/**
 * Refuses options that are no object, and names that a call does not have: a misspelt one would mean nothing, and nobody
 * would notice.
 *
 * @param inside - The option that these are the options of, with a dot: `queue.`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 */
export const checkOptions = (
  options: object | undefined,
  where: string,
  known: readonly string[],
  inside = '',
): void => {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const what = inside === '' ? 'the options' : inside.slice(0, -1)
    throw invalidArgument(where, what, `an object with ${known.join(', ')}`, options)
  }
  for (const name in options) {
    if (known.includes(name)) continue
    const suggested = suggestedName(name, known)
    const error = invalidValue(
      where,
      `the option ${inside}${name}`,
      `does not exist (there is ${known.join(', ')})`,
      (options as Readonly<Record<string, unknown>>)[name],
    )
    if (suggested !== undefined) error.message += `; did you mean ${suggested}?`
    throw error
  }
}

/** The names of the options of an interface: the compiler sees to it that none is missing. */
export const optionNames = <T extends object>(names: Readonly<Record<keyof T, true>>): readonly string[] =>
  Object.keys(names)

/** firstDifference: a configuration that came back, against the one that was asked for. */

const text = (value: unknown): string => JSON.stringify(value) ?? 'undefined'

/**
 * The first field that is not as it was asked for, in words; undefined: all are. A server leaves out, silently, what it
 * does not know.
 */
export const firstDifference = (asked: object, got: object): string | undefined => {
  const values = got as Readonly<Record<string, unknown>>
  for (const [field, value] of Object.entries(asked)) {
    if (text(values[field]) !== text(value)) return `${field} is ${text(values[field])}, not ${text(value)}`
  }
  return undefined
}

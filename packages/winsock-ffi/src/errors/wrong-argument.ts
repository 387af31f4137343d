/** The errors of a wrong argument, which callers throw before any system call. */
// An import of `node:util` makes pipes 0 to 2 non-blocking: it reads process.stderr (nodejs/node `lib/internal/util/colors.js`).
const { inspect } = process.getBuiltinModule('node:util')

const withCode = <E extends Error>(error: E, code: string): E & { code: string } =>
  Object.assign(error, { code })

const show = (value: unknown): string => {
  const text = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 60, maxArrayLength: 4 })
  return `${text} (${value === null ? 'null' : typeof value})`
}

/** A `TypeError` with the code `ERR_INVALID_ARG_TYPE`: the argument is of a kind that cannot be used. */
export const invalidArgument = (
  where: string,
  what: string,
  expected: string,
  value: unknown,
): TypeError & { code: string } =>
  withCode(new TypeError(`${where}: ${what} must be ${expected}, got ${show(value)}`), 'ERR_INVALID_ARG_TYPE')

/** A `TypeError` with the code `ERR_INVALID_ARG_VALUE`: the right kind, but a value that has no meaning here. */
export const invalidValue = (
  where: string,
  what: string,
  why: string,
  value: unknown,
): TypeError & { code: string } =>
  withCode(new TypeError(`${where}: ${what} ${why}, got ${show(value)}`), 'ERR_INVALID_ARG_VALUE')

/** A `RangeError` with the code `ERR_OUT_OF_RANGE`. */
export const outOfRange = (
  where: string,
  what: string,
  expected: string,
  value: unknown,
): RangeError & { code: string } =>
  withCode(new RangeError(`${where}: ${what} must be ${expected}, got ${show(value)}`), 'ERR_OUT_OF_RANGE')

/** A `TypeError` with the code `ERR_MISSING_ARGS`: not as many arguments as the C function has. */
export const missingArgument = (
  where: string,
  expected: readonly string[],
  got: number,
): TypeError & { code: string } =>
  withCode(
    new TypeError(`${where}: takes ${expected.length} arguments (${expected.join(', ')}), got ${got}`),
    'ERR_MISSING_ARGS',
  )

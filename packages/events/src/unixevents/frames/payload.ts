/** A value inside a frame: encodePayload, decodePayload. No Node in here. */
import { isTooDeep, MAX_DEPTH } from './json-depth.ts'

/**
 * What a listener gets for a received payload.
 *
 * - `'json'`: numbers, booleans, lists, objects and null arrive as they were sent. A string that begins with `{` or
 *   `[`, or is `null`, is how unixevents writes an object, a list and null, and is parsed; any other string is kept,
 *   so `'123'` stays text.
 * - `'string'`: always text, exactly as in unixevents 1.5.2 for JavaScript.
 */
export type PayloadMode = 'json' | 'string'

const refuse = (error: Error, code: string): never => {
  throw Object.assign(error, { code })
}

const objectText = (value: object): string => {
  let text: string | undefined
  try {
    // An own toJSON can make JSON.stringify return undefined, whatever its type says.
    text = JSON.stringify(value)
  } catch (error) {
    // For a cycle and for a bigint it throws a TypeError without a code.
    if (error instanceof TypeError && !('code' in error)) refuse(error, 'ERR_INVALID_ARG_TYPE')
    throw error
  }
  if (text === undefined) return 'null'
  if (isTooDeep(text)) {
    refuse(new RangeError(`The payload is nested deeper than ${MAX_DEPTH} levels`), 'ERR_OUT_OF_RANGE')
  }
  return text
}

/**
 * The JSON text of a payload as unixevents 1.5.2 writes it: objects and lists as a string of their JSON, null as the
 * string "null" (a raw null makes its receiver lose data), finite numbers and booleans raw. `undefined` counts as null.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for a bigint, a function, a symbol, and an object that refers to itself or
 *   holds a bigint.
 * @throws RangeError `ERR_OUT_OF_RANGE` for NaN and Infinity, which JSON does not have, and for too deep nesting.
 */
export const encodePayload = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value)
      return refuse(new RangeError(`${value} cannot be sent: JSON has no such number`), 'ERR_OUT_OF_RANGE')
    case 'undefined':
      return '"null"'
    case 'object':
      return JSON.stringify(value === null ? 'null' : objectText(value))
    default:
      return refuse(
        new TypeError(`A ${typeof value} cannot be sent: JSON has no such type`),
        'ERR_INVALID_ARG_TYPE',
      )
  }
}

// The result of `payload.toString()` in 1.5.2, without calling a toString that the sender chose.
const asText = (value: unknown): string => {
  if (Array.isArray(value)) return value.map((item) => (item === null ? '' : asText(item))).join(',')
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  // null was a lost chunk in 1.5.2, and so was what was left out.
  return value === null || value === undefined ? 'null' : '[object Object]'
}

const parsed = (text: string): unknown => {
  const first = text.charCodeAt(0)
  const looksLikeJson = first === 0x7b || first === 0x5b || text === 'null'
  if (!looksLikeJson || isTooDeep(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What a listener gets for a payload. */
export const decodePayload = (payload: unknown, mode: PayloadMode): unknown => {
  if (mode === 'string') return asText(payload)
  return typeof payload === 'string' ? parsed(payload) : payload
}

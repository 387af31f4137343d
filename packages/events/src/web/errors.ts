/** EventsError: failures of this end, without Node's modules, with the codes of `@uds/events`. */
import { fromWire, type WireError } from '../errors/remote-error.ts'

/** A failure of this end. Match on `code`; the codes are those of `EventsErrorCode` of `@uds/events`. */
export class EventsError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(`${code}: ${message}`, cause === undefined ? undefined : { cause })
    this.name = 'EventsError'
    this.code = code
  }
}

/** Reads an error from the text of a frame. */
export const errorIn = (text: string): WireError => {
  try {
    return fromWire(JSON.parse(text))
  } catch (cause) {
    throw new EventsError('ERR_PROTOCOL', 'a frame whose JSON cannot be read', cause)
  }
}

/** EventsError, RemoteError: errors without Node's modules, with the codes of `@uds/events`. */

/** A failure of this end. Match on `code`; the codes are those of `EventsErrorCode` of `@uds/events`. */
export class EventsError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(`${code}: ${message}`, cause === undefined ? undefined : { cause })
    this.name = 'EventsError'
    this.code = code
  }
}

const brand = Symbol.for('@uds/RemoteError')

/** A handler at the other end failed, or that end closed the connection. */
export class RemoteError extends Error {
  /** The `code` of what was thrown there, else `ERR_HANDLER_FAILED`. */
  readonly code: string
  /** The `name` of what was thrown there: `TypeError`. */
  readonly remoteName: string

  constructor({ code, message, name }: WireError) {
    super(message)
    this.name = 'RemoteError'
    this.code = code
    this.remoteName = name ?? 'Error'
    Object.defineProperty(this, brand, { value: true })
  }
}

/** An error as it travels: PROTOCOL.md E1. */
export interface WireError {
  readonly code: string
  readonly message: string
  readonly name?: string | undefined
}

const LONGEST = 4096

/** The form in which a thrown value is sent to the other end: never the stack. */
export const toWire = (thrown: unknown): WireError => {
  if (!(thrown instanceof Error))
    return { code: 'ERR_HANDLER_FAILED', message: String(thrown).slice(0, LONGEST) }
  const { code } = thrown as { code?: unknown }
  return {
    code: typeof code === 'string' && code !== '' ? code.slice(0, 200) : 'ERR_HANDLER_FAILED',
    message: thrown.message.slice(0, LONGEST),
    name: (thrown instanceof RemoteError ? thrown.remoteName : thrown.name).slice(0, 200),
  }
}

/** Reads an error from the wire; what is missing or of another kind gets a neutral value. */
export const fromWire = (text: string): WireError => {
  let from: Record<string, unknown> | null
  try {
    from = JSON.parse(text) as Record<string, unknown> | null
  } catch (cause) {
    throw new EventsError('ERR_PROTOCOL', 'a frame whose JSON cannot be read', cause)
  }
  const of = (key: string): string | undefined => {
    const value = from?.[key]
    return typeof value === 'string' ? value : undefined
  }
  return {
    code: of('code') ?? 'ERR_PROTOCOL',
    message: of('message') ?? 'without a reason',
    name: of('name'),
  }
}

/** Any thrown thing as an Error. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })

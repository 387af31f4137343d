/** RemoteError, and errors on the wire: without Node's modules, as browsers need them too. */

const brand = Symbol.for('@uds/RemoteError')

/**
 * A handler at the other end failed. `message` and `code` are what it threw; its stack stays where it is. `instanceof`
 * works across copies of the package.
 */
export class RemoteError extends Error {
  /** The `code` of the thrown error, else `ERR_HANDLER_FAILED`; `ERR_NO_HANDLER` when there was nobody to ask. */
  readonly code: string
  /** The `name` of the thrown error: `TypeError`. */
  readonly remoteName: string

  constructor(told: WireError) {
    super(told.message)
    this.name = 'RemoteError'
    this.code = told.code
    this.remoteName = told.name ?? 'Error'
    Object.defineProperty(this, brand, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== RemoteError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** An error as it travels: PROTOCOL.md, "Errors". */
export interface WireError {
  readonly code: string
  readonly message: string
  readonly name?: string | undefined
}

/** Long texts are cut, so that an error always fits into a frame. */
const MAX_TEXT = 4096

/** The form in which a thrown value is sent to the other end: never the stack, never the cause. */
export const toWire = (thrown: unknown): WireError => {
  if (!(thrown instanceof Error))
    return { code: 'ERR_HANDLER_FAILED', message: String(thrown).slice(0, MAX_TEXT) }
  const code: unknown = (thrown as { code?: unknown }).code
  return {
    code: typeof code === 'string' && code !== '' ? code.slice(0, 200) : 'ERR_HANDLER_FAILED',
    message: thrown.message.slice(0, MAX_TEXT),
    name: (thrown instanceof RemoteError ? thrown.remoteName : thrown.name).slice(0, 200),
  }
}

/** Reads an error from the wire; whatever is missing or of the wrong kind gets a neutral value. */
export const fromWire = (value: unknown): WireError => {
  const told = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  return {
    code: typeof told['code'] === 'string' ? told['code'] : 'ERR_PROTOCOL',
    message: typeof told['message'] === 'string' ? told['message'] : 'without a reason',
    name: typeof told['name'] === 'string' ? told['name'] : undefined,
  }
}

/** Any thrown thing as an Error, so that reports have one type. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })

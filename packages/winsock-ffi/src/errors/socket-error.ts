/** `SocketError`: a system call that failed. */
// An import of `node:util` makes pipes 0 to 2 non-blocking: it reads process.stderr (nodejs/node `lib/internal/util/colors.js`).
const { getSystemErrorMap } = process.getBuiltinModule('node:util')

const brand = Symbol.for('@uds/SocketError')

/** Advice that names an option of the call: `take-over` is the option `takeOver`. */
export type AdviceCode = 'take-over'

/** What a {@link SocketError} is made of. */
export interface SocketErrorInit {
  /** The code as Node spells it: `ECONNREFUSED`. */
  readonly code: string
  /** The call that failed: `connect`. */
  readonly syscall: string
  /** The address or the thing that it was about, as {@link UnixAddress.toString} prints it. */
  readonly address?: string | undefined
  /** The number of the system: an errno, a WSA or a Win32 code. */
  readonly nativeCode?: number | undefined
  /** What happened, in words, where the code alone does not say it. */
  readonly detail?: string | undefined
  /** What the reader can do about it. */
  readonly advice?: string | undefined
  /** Names the advice, for a program that words it for its own users. */
  readonly adviceCode?: AdviceCode | undefined
  readonly cause?: unknown
}

let numbers: Map<string, { errno: number; message: string }> | undefined

/** Node's own number and text for a code, on this system. */
const described = (code: string): { errno: number; message: string } | undefined => {
  numbers ??= new Map(
    [...getSystemErrorMap()].map(([errno, [name, message]]) => [name, { errno, message }] as const),
  )
  return numbers.get(code)
}

/**
 * A system call that failed. Shaped like Node's own system errors: match on {@link SocketError.code}, which is the
 * same on every system. `instanceof` works across copies of the package.
 */
export class SocketError extends Error {
  /** The code as Node spells it: `ECONNREFUSED`, `EADDRINUSE`, `ETIMEDOUT`, `ENOTSUP`, ... */
  readonly code: string
  /** Node's number for the code, negative, as in Node's own errors; undefined where Node has none. */
  readonly errno: number | undefined
  /** The call that failed. */
  readonly syscall: string
  /** The address that the call was about, if any. */
  readonly address: string | undefined
  /** What the system itself said: errno on POSIX, the WSA or Win32 number on Windows. */
  readonly nativeCode: number | undefined

  readonly #detail: string
  readonly #advice: string | undefined
  readonly #adviceCode: AdviceCode | undefined

  constructor(init: SocketErrorInit) {
    const known = described(init.code)
    const about = init.address === undefined ? '' : ` ${init.address}`
    const detail = init.detail ?? known?.message ?? `error ${init.nativeCode ?? 'unknown'}`
    const advice = init.advice === undefined ? '' : ` (${init.advice})`
    super(
      `${init.syscall} ${init.code}${about}: ${detail}${advice}`,
      init.cause === undefined ? undefined : { cause: init.cause },
    )
    this.name = 'SocketError'
    this.code = init.code
    this.errno = known?.errno
    this.syscall = init.syscall
    this.address = init.address
    this.nativeCode = init.nativeCode
    this.#detail = detail
    this.#advice = init.advice
    this.#adviceCode = init.adviceCode
    Object.defineProperty(this, brand, { value: true })
  }

  /** What happened, in words: a part of the message. */
  get detail(): string {
    return this.#detail
  }

  /** What the reader can do: a part of the message; undefined where nothing is known. */
  get advice(): string | undefined {
    return this.#advice
  }

  /** The name of {@link SocketError.advice}, where a program may want to say it in the words of its own options. */
  get adviceCode(): AdviceCode | undefined {
    return this.#adviceCode
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== SocketError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }
}

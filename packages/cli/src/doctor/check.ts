/** One check of uds doctor, and its finding. */
import { codeOf, explain } from '../exit/failure.ts'

/** `yes`: it works. `no`: this system has no such thing. `failed`: it should work here, and does not. */
export type State = 'yes' | 'no' | 'failed'

/** The result of a check. */
export interface Finding {
  readonly what: string
  readonly state: State
  readonly detail: string
  /** The next step of the user. */
  readonly advice?: string | undefined
}

/** A check: it tries the thing wherever that is possible. */
export interface Check {
  readonly what: string
  /** The next step of the user, where the error does not have it. */
  readonly advice?: string | undefined
  /** Returns the finding in words; throws where the thing does not work. */
  probe(): Promise<string> | string
}

/** Codes of the packages for what a system lacks. */
const ABSENT = new Set(['ENOTSUP', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT', 'EPROTOTYPE'])

/** A probe that works takes less than a second. */
const TIMEOUT_MS = 5000

const withTimeout = async <T>(work: Promise<T> | T): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(Object.assign(new Error(`no result within ${TIMEOUT_MS} ms`), { code: 'ETIMEDOUT' })),
    TIMEOUT_MS,
  )
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Runs a check. It never throws. */
export const examine = async ({ what, advice, probe }: Check): Promise<Finding> => {
  try {
    return { what, state: 'yes', detail: await withTimeout(probe()) }
  } catch (error) {
    const code = codeOf(error) ?? ''
    return { what, state: ABSENT.has(code) ? 'no' : 'failed', detail: explain(error), advice }
  }
}

import { codeOf, explain } from '../exit/failure.ts'

/** `yes`: it works. `no`: this system has no such thing. `failed`: it should work here, and does not. */
export type State = 'yes' | 'no' | 'failed'

/** What is found out about one thing. */
export interface Finding {
  readonly what: string
  readonly state: State
  readonly detail: string
  /** What to do about it. */
  readonly advice?: string | undefined
}

/** One thing to find out: by trying it, where that can be. */
export interface Check {
  readonly what: string
  /** What to do when it is not there; the errors of the packages say themselves what to do. */
  readonly advice?: string | undefined
  /** @returns What was found, in words. */
  probe(): Promise<string> | string
}

/** The codes by which the packages say that a system has no such thing. */
const ABSENT = new Set(['ENOTSUP', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT', 'EPROTOTYPE'])

/** Longer than any probe that works takes. */
const PATIENCE_MS = 5000

const inTime = async <T>(work: Promise<T> | T): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(Object.assign(new Error(`no result within ${PATIENCE_MS} ms`), { code: 'ETIMEDOUT' })),
    PATIENCE_MS,
  )
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Tries one thing. It never throws. */
export const examine = async ({ what, advice, probe }: Check): Promise<Finding> => {
  try {
    return { what, state: 'yes', detail: await inTime(probe()) }
  } catch (error) {
    const code = codeOf(error) ?? ''
    return { what, state: ABSENT.has(code) ? 'no' : 'failed', detail: explain(error), advice }
  }
}

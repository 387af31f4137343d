/** The errors of calls and promises that are meant to fail, and their codes. */

/** An error with what the errors of this workspace and of Node carry. */
export type Failure = Error & {
  readonly code?: string
  readonly nativeCode?: number
  readonly bytesTransferred?: number
}

/** Returns what a call throws, for more than one assertion on it; throws when the call does not. */
export const errorOf = (call: () => unknown): Failure => {
  try {
    call()
  } catch (error) {
    return error as Failure
  }
  throw new Error('it did not throw')
}

/** Returns what a promise rejects with; rejects when the promise resolves. */
export const rejectionOf = async (promise: Promise<unknown>): Promise<Failure> => {
  try {
    await promise
  } catch (error) {
    return error as Failure
  }
  throw new Error('it did not reject')
}

const code = (error: unknown): unknown => (error as { code?: unknown }).code ?? error

/** The code of what a call throws, the error itself when it has no code, 'no error' when the call returns. */
export const codeOfCall = (call: () => unknown): unknown => {
  try {
    call()
    return 'no error'
  } catch (error) {
    return code(error)
  }
}

/** The code of what a promise rejects with, the error itself when it has no code, 'no error' when it resolves. */
export const codeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
    return 'no error'
  } catch (error) {
    return code(error)
  }
}

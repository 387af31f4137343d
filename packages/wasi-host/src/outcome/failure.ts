/**
 * A call of the guest that did not succeed, on its way to becoming an errno. Not an Error: it carries no stack, since
 * a guest that polls makes many of them.
 */
export class Failure {
  /** The code as Node spells it: `EBADF`. errno.ts has the numbers. */
  readonly code: string
  /** What happened and what could be done, in words, for `sock_error_text` and traces. */
  readonly detail: string

  constructor(code: string, detail: string = code) {
    this.code = code
    this.detail = detail
  }
}

/** The guest is to end here and now: it was aborted. This goes through it as an exception, and is no errno. */
export class Stopped {
  readonly reason: unknown

  constructor(reason: unknown) {
    this.reason = reason
  }
}

/** _exit(2) carries 8 bits. */
const MOST_EXIT_CODE = 255

/** The guest has called `proc_exit`. */
export class Exit {
  readonly code: number

  /** @param code - Above 255, which is more than a process can end with, it is 255: modulo 256 it might be success. */
  constructor(code: number) {
    this.code = Math.min(code, MOST_EXIT_CODE)
  }
}

/** What a socket that would have to wait says. */
export const wouldBlock: Failure = new Failure(
  'EAGAIN',
  'the call would have to wait, and the socket is non-blocking',
)

export const timedOut: Failure = new Failure('ETIMEDOUT', 'nothing happened within the timeout of the socket')

export const badDescriptor: Failure = new Failure('EBADF', 'the guest has no such descriptor open')

/** A pointer that leaves the memory of the guest. Each ABI has its own errno for that. */
export const fault: Failure = new Failure('EFAULT', 'the range lies outside of the memory of the guest')

/** Anything that was thrown while a call of the guest was served, as a Failure. A bug of the host becomes `EIO`. */
export const failureOf = (thrown: unknown): Failure => {
  if (thrown instanceof Failure) return thrown
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return failureOf(thrown.errors.at(-1))
  if (thrown instanceof Error) {
    const { code } = thrown as { code?: unknown }
    return new Failure(typeof code === 'string' ? code : 'EIO', thrown.message)
  }
  return new Failure('EIO', String(thrown))
}

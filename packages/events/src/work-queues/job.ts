/** Job: a message of a work queue, on its way to some worker. */
import { failure, quietly } from '../errors/errors.ts'

/** A message of a work queue. */
export interface Job<Data = unknown> {
  /** The same at every attempt, also after a restart of a server with a journal. */
  readonly id: string
  readonly data: Data
  /** How often it was sent to a worker. */
  readonly attempts: number
  /**
   * Resolves when a worker is done with it. Rejects with `ERR_DEAD_LETTER`, whose `cause` is the last error, and with
   * `ERR_CLOSED` when the server is closed before. Nobody has to wait for it.
   */
  readonly done: Promise<void>
}

/** {@link Job}, as its queue has it. */
export class OpenJob implements Job {
  readonly id: string
  readonly data: unknown
  attempts: number
  readonly done: Promise<void>
  readonly resolve: () => void
  readonly reject: (reason: Error) => void

  constructor(id: string, data: unknown, attempts: number) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.id = id
    this.data = data
    this.attempts = attempts
    this.done = quietly(promise)
    this.resolve = resolve
    this.reject = reject
  }
}

/** What becomes of a message that no worker could do. */
export const deadLetter = (name: string, job: Job, cause: unknown): Error => {
  const times = `${job.attempts} attempt${job.attempts === 1 ? '' : 's'}`
  return failure('work', 'ERR_DEAD_LETTER', `a message of '${name}' failed after ${times}`, cause)
}

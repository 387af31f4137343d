/** WorkOptions, WorkContext: how messages of a work queue are handled; checked. */
import { checkOptions, invalidArgument, optionNames } from '@uds/winsock-ffi'
import { checkFunction, count, milliseconds } from '@uds/winsock-ffi/internal'
import type { DeadLetter } from '../sends/dead-letters.ts'

/** What a handler of work receives besides the data. */
export interface WorkContext {
  readonly name: string
  /** The same at every attempt. */
  readonly id: string
  /** 1 for the first; the deaths of workers count as well. */
  readonly attempt: number
}

export type WorkHandler = (data: unknown, context: WorkContext) => unknown

/** How a machine works. */
export interface WorkOptions {
  /** How many messages are handled here at once. @default 1 */
  readonly concurrency?: number | undefined
  /** How often a message is tried, deaths of workers included; then it is a dead letter. @default 5 */
  readonly maxDeliver?: number | undefined
  /**
   * Milliseconds before another attempt: the first number after the first failure, the last for all that follow.
   *
   * @default twice as long after each, from 250 on
   */
  readonly backoffMs?: readonly number[] | undefined
  /** Called when a message has failed here for the last time, and is stored as a dead letter. */
  readonly deadLetter?: ((letter: DeadLetter) => void) | undefined
}

const WORK_OPTIONS = optionNames<WorkOptions>({
  concurrency: true,
  maxDeliver: true,
  backoffMs: true,
  deadLetter: true,
})

/** {@link WorkOptions} with everything checked and filled in. */
export interface WorkSettings {
  readonly concurrency: number
  readonly maxDeliver: number
  readonly backoffMs: readonly number[]
  readonly deadLetter: ((letter: DeadLetter) => void) | undefined
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE` */
export const workSettings = (name: unknown, handler: unknown, options: WorkOptions): WorkSettings => {
  checkOptions(options, 'work', WORK_OPTIONS)
  if (typeof name !== 'string' || name === '')
    throw invalidArgument('work', 'name', 'a string that is not empty', name)
  if (typeof handler !== 'function') throw invalidArgument('work', 'handler', 'a function', handler)
  checkFunction('work', 'deadLetter', options.deadLetter)
  const { backoffMs = [] } = options
  if (!Array.isArray(backoffMs))
    throw invalidArgument('work', 'backoffMs', 'a list of milliseconds', backoffMs)
  return {
    concurrency: count('work', 'concurrency', options.concurrency, 1),
    maxDeliver: count('work', 'maxDeliver', options.maxDeliver, 5),
    backoffMs: backoffMs.map((ms) => milliseconds('work', 'backoffMs', ms, 0)),
    deadLetter: options.deadLetter,
  }
}

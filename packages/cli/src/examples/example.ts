/** The shape of an example, and what examples share. */
import { isDeepStrictEqual } from 'node:util'
import type { Linker, LinkerOptions } from '@uds/events'
import { CommandFailure } from '../exit/failure.ts'
import { FAILED } from '../exit/exit-codes.ts'

/** The channel of an example, and its output. */
export interface ExampleContext {
  /** The name of the channel. */
  readonly channel: string
  readonly options: LinkerOptions
  print(text: string, value?: unknown): void
}

/** One of the examples of unixevents. */
export interface Example {
  readonly title: string
  /** @throws CommandFailure when a result is not the promised one. */
  run(stage: ExampleContext): Promise<void>
}

/** @throws CommandFailure when `found` is not `expected`. */
export const assertEqual = (what: string, found: unknown, expected: unknown = true): void => {
  if (isDeepStrictEqual(found, expected)) return
  throw new CommandFailure(FAILED, `${what}: got ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`)
}

/** Resolves with the data of the next event. */
export const nextEvent = (linker: Linker, event: string): Promise<unknown> =>
  new Promise((resolve) => {
    linker.receiveOnce(event, resolve)
  })

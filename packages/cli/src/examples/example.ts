import { isDeepStrictEqual } from 'node:util'
import type { Linker, LinkerOptions } from '@uds/events'
import { Failure } from '../exit/failure.ts'
import { FAILED } from '../terminal/terminal.ts'

/** Where an example runs, and where it tells what it sees. */
export interface Stage {
  /** The name of the channel. */
  readonly channel: string
  readonly options: LinkerOptions
  say(text: string, value?: unknown): void
}

/** One of the examples of unixevents. */
export interface Example {
  readonly title: string
  /** @throws Failure when what is seen is not what was promised. */
  run(stage: Stage): Promise<void>
}

/** What an example promises. */
export const promise = (what: string, found: unknown, expected: unknown = true): void => {
  if (isDeepStrictEqual(found, expected)) return
  throw new Failure(FAILED, `${what}: got ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`)
}

/** Resolves with the data of the next event. */
export const next = (linker: Linker, event: string): Promise<unknown> =>
  new Promise((resolve) => {
    linker.receiveOnce(event, resolve)
  })

/** What is tried under faults: it works, or fails in words, and leaves nothing. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'

/** What an operation receives. */
export interface Place {
  /** A path in a directory of this attempt alone. */
  path(name: string): string
  /** Closes it at the end, the last one first, whatever happens. */
  own<T extends { close(): unknown }>(handle: T): T
  /** Ends it at the end, as `destroy` of a stream does. */
  destroyed<T extends { destroy(): unknown }>(stream: T): T
}

export type Operation = (place: Place) => unknown

export type Operations = Readonly<Record<string, Operation>>

/** @throws Error when `found` is not what was to come. */
export const same = (found: unknown, wanted: unknown): void => {
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Error(`${JSON.stringify(found)} came, not ${JSON.stringify(wanted)}`)
}

/** Runs an operation in a directory; what it opened is closed then. */
export const attempt = async (directory: string, operation: Operation): Promise<void> => {
  const closers: (() => unknown)[] = []
  const place: Place = {
    path: (name) => join(directory, name),
    own: (handle) => (closers.push(() => handle.close()), handle),
    destroyed: (stream) => (closers.push(() => stream.destroy()), stream),
  }
  try {
    await operation(place)
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}

/** Takes away what an attempt left, so that the next one begins in an empty directory. */
export const sweep = (directory: string, names: readonly string[]): void => {
  for (const name of names) rmSync(join(directory, name), { recursive: true, force: true })
}

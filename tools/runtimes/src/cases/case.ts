/** A case of the matrix: what it tries, and what it needs for it. */
import { once } from 'node:events'
import { join } from 'node:path'

/** What a case receives. */
export interface Place {
  /** A path in a directory of this case alone. */
  path(name: string): string
  /** Closes it after the case, also after one that failed. */
  owned<T extends Disposable>(handle: T): T
}

/** Fulfilled when it works; `ENOTSUP` and `ERR_ACCESS_DENIED` are a refusal in words; every other error is a failure. */
export type Case = (place: Place) => unknown

/** Cases by their names. */
export type Cases = Readonly<Record<string, Case>>

/** Calls a case with a place in a directory. */
export const tryIn = async (directory: string, attempt: Case): Promise<void> => {
  const handles: Disposable[] = []
  try {
    await attempt({
      path: (name) => join(directory, name),
      owned: (handle) => {
        handles.push(handle)
        return handle
      },
    })
  } finally {
    for (const each of handles) each[Symbol.dispose]()
  }
}

/** @throws Error when `found` is not what was to come. */
export const same = (found: unknown, wanted: unknown): void => {
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Error(`${JSON.stringify(found)} came, not ${JSON.stringify(wanted)}`)
}

/** How long something may take in another process or thread of a machine that has much else to do. */
export const PATIENCE_MS = 30_000

/** Waits until it is so, for half a minute at most. */
export const until = async (isSo: () => boolean): Promise<void> => {
  const end = Date.now() + PATIENCE_MS
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`it never came to ${String(isSo)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The first value of an event. */
export const first = async <T>(emitter: object, name: string): Promise<T> =>
  ((await once(emitter as NodeJS.EventEmitter, name)) as [T])[0]

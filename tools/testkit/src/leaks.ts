import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { handleCount, openHandles } from './handles.ts'
import { isWindows } from './system.ts'

const GRACE_MS = 2000
const POLL_MS = 20

// On Windows the count includes devices that system libraries open on first use (random numbers, names of
// hosts): only a growth beyond this is a leak of the tests. `expectNoLeak` is exact, as it repeats an action.
const WINDOWS_NOISE = 8

/** Opens once what Node opens on first use and then keeps, so that it is not taken for a leak. */
export const warmUp = async (): Promise<void> => {
  await readFile(import.meta.filename)
  await lookup('localhost').catch(() => {})
}

/** What was open at one moment. */
export type Snapshot = { readonly count: number; readonly handles: ReadonlyMap<number, string> }

/** Remembers what is open now. */
export const snapshot = (): Snapshot => {
  const handles = isWindows ? new Map<number, string>() : openHandles()
  return { count: isWindows ? handleCount() : handles.size, handles }
}

const leaked = (before: Snapshot): string | undefined => {
  const now = snapshot()
  if (isWindows) {
    const grown = now.count - before.count
    return grown > WINDOWS_NOISE ? `${grown} handles` : undefined
  }
  if (now.count <= before.count) return undefined
  const added = [...now.handles].filter(([fd, text]) => before.handles.get(fd) !== text)
  return added.map(([fd, text]) => `${fd} = ${text}`).join(', ')
}

/** Waits up to 2 s until no more is open than `before`; throws naming what is still open. */
export const expectNoneLeaked = async (before: Snapshot): Promise<void> => {
  const until = performance.now() + GRACE_MS
  let left = leaked(before)
  while (left !== undefined && performance.now() < until) {
    await wait(POLL_MS)
    left = leaked(before)
  }
  if (left !== undefined) throw new Error(`The tests of this file left open: ${left}`)
}

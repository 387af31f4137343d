import { unix } from '@uds/stream'
import { freshName, socketPath, spawnScript } from '@uds/testkit'
import type { Spawned } from '@uds/testkit'

/** A pipe where the system has no AF_UNIX. */
export const freshAddress = (): string =>
  unix.capabilities.listen ? `unix:${socketPath()}` : `pipe:${freshName()}`

/** Programs start slowly where Windows is emulated, and where many do at once. */
const START_MS = 30_000

/** The monitor as a program of its own. */
export const startMonitor = async (
  ...options: string[]
): Promise<{ program: Spawned; url: URL; address: string }> => {
  const address = freshAddress()
  const program = spawnScript(new URL('../src/main.ts', import.meta.url), ['--address', address, ...options])
  const [, url = ''] = await program.waitForLine(/^open (http:.*)$/, START_MS)
  return { program, url: new URL(url), address }
}

/** A server that reports to it, with two clients, as another program. */
export const startWatched = async (monitor: string, channel: string): Promise<Spawned> => {
  const file = new URL('./fixtures/watched.ts', import.meta.url)
  const program = spawnScript(file, [freshAddress(), monitor, channel])
  await program.waitForLine(/^ready$/, START_MS)
  return program
}

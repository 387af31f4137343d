/** Runs the command as a process of its own. */
import { freshName, socketPath, spawnScript } from '@uds/testkit'
import type { Spawned, SpawnSettings } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { expect, vi } from 'vitest'

// A process takes seconds to start on a busy machine, most of all under Wine.
vi.setConfig({ testTimeout: 90_000 })
const LINE_MS = 30_000

/** Starts `uds`. */
export const start = (args: readonly string[], settings: SpawnSettings = {}): Spawned => {
  const command = spawnScript(new URL('../src/main.ts', import.meta.url), args, settings)
  return { ...command, waitForLine: (pattern, ms = LINE_MS) => command.waitForLine(pattern, ms) }
}

export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What has become of a command that ends by itself. */
export const end = async (command: Spawned): Promise<Result> => {
  const { code } = await command.exit
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

/** Runs `uds` to its end, with nothing on standard input unless given. */
export const uds = (args: readonly string[], settings: SpawnSettings = {}): Promise<Result> =>
  end(start(args, { input: '', ...settings }))

/** Starts a command that listens, and tells where. */
export const listening = async (
  args: readonly string[],
  settings: SpawnSettings = {},
): Promise<{ readonly command: Spawned; readonly address: string }> => {
  const command = start(args, settings)
  const [, address = ''] = await command.waitForLine(/^listening on ([^\s,]+)/)
  return { command, address }
}

/** A name that is right on every system, and nobody else's. */
export const freshAddress = (): string => `name:${freshName()}`

/** The values of a command with --json. */
export const values = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)

/** Stops a command as Ctrl+C does; Windows has no such signal for another process. */
export const expectStops = async (command: Spawned): Promise<void> => {
  const { code, signal } = await command.kill('SIGTERM')
  if (capabilities().system !== 'win32') expect({ code, signal }).toEqual({ code: 0, signal: null })
}

const { afUnix, abstractNames, system } = capabilities()

/** A fresh address of each kind that this machine has. */
export const kinds: Readonly<Record<string, () => string>> = {
  ...(afUnix && { unix: () => `unix:${socketPath()}` }),
  ...(abstractNames && { abstract: () => `unix:@${freshName()}` }),
  ...(system === 'win32' && { pipe: () => `pipe:${freshName()}` }),
  name: freshAddress,
  tcp: () => 'tcp:127.0.0.1:0',
}

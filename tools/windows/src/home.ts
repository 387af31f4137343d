import { join } from 'node:path'
import { cacheDir, fingerprint } from '@uds/debian'
import type { Wine } from './wine.ts'

/** Where things of one workspace are kept. The name is short: sockets have their paths below it. */
export const homeOf = (workspace: string, env: NodeJS.ProcessEnv): string =>
  join(cacheDir(env), fingerprint(workspace).slice(0, 8))

/** What is held by the one process that may run Windows programs of a workspace. */
export const lockOf = (home: string): string => join(home, 'lock')

/** Wine's "Windows installation" of a workspace; another Wine has another. */
export const prefixOf = (home: string, wine: Wine): string =>
  join(home, `prefix-${fingerprint(wine.command, wine.version).slice(0, 8)}`)

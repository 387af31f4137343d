/** Installs a package of npm into a folder; it is no dependency of anything here. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Returns what failed, if something did. */
export const install = (folder: string, name: string, version: string): string | undefined => {
  try {
    writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent']
    execFileSync('npm', ['install', ...quiet, `${name}@${version}`], { cwd: folder, timeout: 240_000 })
    return undefined
  } catch (error) {
    return `${name} ${version} could not be installed: ${(error as Error).message}`
  }
}

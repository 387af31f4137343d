/** The same programs with the Windows build of Node, under Wine. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { cacheDir, lock } from '@uds/debian'
import { homeOf, lockOf, prefixOf } from '@uds/windows/home'
import { endWine, makePrefix, wineEnvironment } from '@uds/windows/prefix'
import { findWine, type Wine } from '@uds/windows/wine'

export interface Windows {
  /** Runs a script of a project; returns what it printed. */
  run(script: string, args: readonly string[], project: string): string
  end(): Promise<void>
}

const workspace = join(import.meta.dirname, '../../../..')

/**
 * Opens the prefix of test:windows, as making one takes longer than all that is done in it here.
 *
 * @param directory - For what the programs print.
 * @throws Error that says what to install.
 */
export const openWindows = async (directory: string, node: string): Promise<Windows> => {
  const wine: Wine = await findWine(cacheDir(process.env), process.env, console.log)
  const home = homeOf(workspace, process.env)
  const unlock = await lock(lockOf(home), console.log)
  const prefix = prefixOf(home, wine)
  await makePrefix(wine, prefix)
  return {
    run: (script, args, project) => {
      // A process under Wine cannot write to a pipe of Unix, only to a file.
      const file = join(directory, 'output')
      const output = openSync(file, 'w')
      const { status, error } = spawnSync(wine.command, [node, script, ...args], {
        cwd: project,
        env: { ...wineEnvironment(prefix, process.env), NO_COLOR: '1' },
        stdio: ['ignore', output, output],
        timeout: 120_000,
      })
      closeSync(output)
      const said = readFileSync(file, 'utf8')
      if (status !== 0) throw new Error(`${script} ended with ${error?.message ?? status}\n${said}`)
      return said
    },
    end: async () => {
      await endWine(wine, prefix)
      await unlock()
    },
  }
}

import { readFile, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { windowsUrl } from './aliases.ts'

/** What Node itself imports in a run; tests are read by vitest. */
const isImported = (file: string): boolean => file.endsWith('.ts') && !/\.(test|d)\.ts$/.test(file)

/**
 * Writes for hook.mjs what Node would make of each source, by its URL: a program of a hundred modules opens one file in
 * place of two hundred, sources and the cache of what Node made of them.
 */
export const writeSources = async (stage: string, files: readonly string[]): Promise<void> => {
  const sources: Record<string, string> = {}
  for (const file of files.filter(isImported)) {
    const path = join(stage, file)
    sources[windowsUrl(path)] = stripTypeScriptTypes(await readFile(path, 'utf8'))
  }
  await writeFile(join(stage, '.sources.json'), JSON.stringify(sources))
}

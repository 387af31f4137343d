import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { aliases } from '@uds/testkit/projects'

/** A path as Windows programs see it: Wine shows `/` as the drive Z. */
export const windowsPath = (path: string): string => `Z:${path}`

/** {@link windowsPath} as an address. */
export const windowsUrl = (path: string): string => `file:///${encodeURI(windowsPath(path))}`

/** Writes for hook.mjs where the workspace's own packages have their sources. */
export const writeAliases = (stage: string): Promise<void> =>
  writeFile(
    join(stage, '.aliases.json'),
    JSON.stringify(aliases(stage).map(({ find, replacement }) => [find.source, windowsUrl(replacement)])),
  )

/** Files that exist for one guest only: a private directory, and a preopen for each directory of the guest in it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { linkError } from '../outcome/errors.ts'
import type { Preopen, Preopens } from './preopen.ts'

export interface MountedFiles {
  readonly preopens: Preopens
  remove(): void
}

/** The first directory of a path of the guest: `/app` of `/app/lib/x.py`. */
const rootOf = (path: string): string => `/${path.split('/')[1]!}`

/**
 * Writes the files, and adds the directories that they are in to the preopens.
 *
 * @throws TypeError `ERR_WASI_LINK` when a directory of the host is preopened at the same place.
 */
export const mountFiles = (
  files: Readonly<Record<string, string | Uint8Array>>,
  preopens: Preopens,
): MountedFiles => {
  const entries = Object.entries(files)
  if (entries.length === 0) return { preopens, remove: () => {} }
  const taken = entries.map(([path]) => rootOf(path)).find((root) => Object.hasOwn(preopens, root))
  if (taken !== undefined) {
    throw linkError(
      `files has something in ${taken}, where preopens has a directory: mount one of them elsewhere`,
    )
  }
  const directory = mkdtempSync(join(tmpdir(), 'uds-wasi-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const all: Record<string, Preopen> = { ...preopens }
    for (const [path, content] of entries) {
      const file = join(directory, ...path.split('/'))
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      all[rootOf(path)] = { path: join(directory, rootOf(path).slice(1)), readOnly: false }
    }
    return { preopens: all, remove }
  } catch (error) {
    remove()
    throw error
  }
}

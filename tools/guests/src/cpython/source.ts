import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../run.ts'
import { archiveOf, sourceLine } from './archive.ts'

/** Sources from apt. */
export interface Source {
  /** The folder that they are unpacked into. */
  readonly folder: string
  /** The archive they came in, as its authors made it. */
  readonly tarball: string
}

/**
 * Downloads the upstream sources of a Debian package into `dir` and unpacks them.
 *
 * The machine's apt configuration stays as it is, and no root is needed: the archive that holds the binary package
 * is asked for its sources through a sources.list, lists and a cache of our own. apt's proxies, credentials and
 * keys are used, and it checks signatures and sums.
 */
export const downloadSource = (name: string, dir: string): Source => {
  const apt = join(dir, 'apt')
  for (const folder of ['state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(apt, folder), { recursive: true })
  }
  writeFileSync(join(apt, 'sources.list'), sourceLine(archiveOf(name)))
  const settings = {
    'Dir::State': join(apt, 'state'),
    'Dir::Cache': join(apt, 'cache'),
    'Dir::Etc::sourcelist': join(apt, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
  }
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  run('apt-get', [...options, 'update'])
  // Only the original: Debian's patches are for Debian's own builds.
  run('apt-get', [...options, 'source', '--download-only', '--tar-only', name], { cwd: dir })
  const tarball = readdirSync(dir).find((file) => /\.orig\.tar\.\w+$/.test(file))
  if (tarball === undefined) throw new Error(`apt gave no original sources of ${name}`)
  const source = join(dir, 'source')
  mkdirSync(source)
  run('tar', ['--extract', '--file', join(dir, tarball), '--directory', source, '--strip-components=1'])
  return { folder: source, tarball: join(dir, tarball) }
}

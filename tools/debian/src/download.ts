import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Archive } from './apt.ts'
import { command } from './command.ts'

/**
 * Downloads packages of a Debian release, and all they depend on, into `dir`; returns the paths of the files.
 *
 * apt sees a system that has nothing installed, whose lists and cache lie in `dir`. That needs no root and
 * leaves the machine as it is; apt's own proxy, credentials and keys are used, and it checks the signatures.
 */
export const downloadPackages = async (
  archive: Archive,
  release: string,
  packages: readonly string[],
  dir: string,
): Promise<string[]> => {
  const archives = join(dir, 'cache/archives')
  await mkdir(join(dir, 'state/lists/partial'), { recursive: true })
  await mkdir(join(archives, 'partial'), { recursive: true })
  await writeFile(join(dir, 'status'), '')
  const key = archive.signedBy === undefined ? '' : `signed-by=${archive.signedBy} `
  await writeFile(join(dir, 'sources.list'), `deb [${key}arch=amd64] ${archive.uri} ${release} main\n`)
  const settings = {
    'Dir::State': join(dir, 'state'),
    'Dir::State::status': join(dir, 'status'),
    'Dir::Cache': join(dir, 'cache'),
    'Dir::Etc::sourcelist': join(dir, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferencesparts': '-',
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await command('apt-get', [...options, 'update'])
  await command('apt-get', [...options, 'install', '--yes', '--download-only', ...packages])
  return (await readdir(archives)).filter((name) => name.endsWith('.deb')).map((name) => join(archives, name))
}

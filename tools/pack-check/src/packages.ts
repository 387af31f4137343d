/** The packages that are published, and their tarballs. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from './run.ts'

const root = join(import.meta.dirname, '../../..')

export interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly scripts?: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface Package {
  readonly directory: string
  readonly manifest: Manifest
}

// A minute or five of compiling: `pnpm guests cpython` does it, and the package's own tests pack what came out.
const isBuilt = ({ directory, manifest }: Package): boolean => {
  if (manifest.name !== '@uds/python-wasi' || existsSync(join(directory, 'python'))) return true
  console.log('@uds/python-wasi is left out: "pnpm guests cpython" has not built it')
  return false
}

export const packages: readonly Package[] = globSync('packages/*/package.json', { cwd: root })
  .map((file) => ({
    directory: dirname(join(root, file)),
    manifest: JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest,
  }))
  .filter(({ manifest }) => !manifest.private)
  .filter(isBuilt)
  .sort((a, b) => a.manifest.name.localeCompare(b.manifest.name))

/** What a user imports: every entry of `exports` that is a module. */
export const doors = ({ manifest }: Package): string[] =>
  Object.keys(manifest.exports)
    .filter((each) => !each.endsWith('.json'))
    .map((each) => `${manifest.name}${each.slice(1)}`)

/** Packs a package as it would be published; returns the path of the tarball. */
export const pack = ({ directory, manifest }: Package, into: string): string => {
  run('pnpm', ['pack', '--pack-destination', into], directory)
  const tarball = globSync(`${manifest.name.replace('@', '').replace('/', '-')}-*.tgz`, { cwd: into })[0]
  if (!tarball) throw new Error('pnpm pack wrote no tarball')
  return join(into, tarball)
}

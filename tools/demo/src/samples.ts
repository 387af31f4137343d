import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** A sample of an app, as the app's package.json declares it under `uds.demo`. */
export interface Sample {
  readonly app: string
  readonly directory: string
  /** The package that it shows. */
  readonly layer: string
  readonly title: string
  /** Scripts of the app. Without a server the client does it all. */
  readonly server?: string
  readonly client: string
  /** The arguments of both scripts; `{path}` stands for a fresh socket path, `{name}` for a fresh name. */
  readonly args?: readonly string[]
  /** Systems that it runs on, as `process.platform` names them; all of them by default. */
  readonly systems?: readonly string[]
}

interface Manifest {
  readonly name: string
  readonly uds?: { readonly demo?: readonly Omit<Sample, 'app' | 'directory'>[] }
}

/** The order of the floors: what stands below comes first. */
const floors = [
  '@uds/winsock-ffi',
  '@uds/pipes',
  '@uds/stream',
  '@uds/events',
  '@uds/nats',
  '@uds/wasi-host',
  '@uds/cli',
]

const manifestsIn = (root: string): string[] =>
  existsSync(join(root, 'apps')) ? globSync('apps/*/package.json', { cwd: root }) : []

/** All samples of the workspace, from the ground floor up. */
export const samples = (root: string): Sample[] =>
  manifestsIn(root)
    .flatMap((file) => {
      const manifest = JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest
      const directory = dirname(join(root, file))
      return (manifest.uds?.demo ?? []).map((sample) => ({ ...sample, app: manifest.name, directory }))
    })
    .sort((a, b) => floors.indexOf(a.layer) - floors.indexOf(b.layer) || a.app.localeCompare(b.app))

/**
 * The samples of these apps, by the names of their folders; all samples for no name.
 *
 * @throws RangeError for a name without a sample; it lists those that have one.
 */
export const chosen = (all: readonly Sample[], names: readonly string[]): readonly Sample[] => {
  const known = new Set(all.map(({ directory }) => basename(directory)))
  const unknown = names.find((name) => !known.has(name))
  if (unknown !== undefined)
    throw new RangeError(`no sample "${unknown}" for pnpm demo; there are ${[...known].join(', ')}`)
  return names.length === 0 ? all : all.filter(({ directory }) => names.includes(basename(directory)))
}

/** What a package is entered by: its public entries, its commands, and the files that its threads begin with. */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

type Target = string | { readonly types?: string; readonly default?: string }

interface Manifest {
  readonly name: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, Target>>
  readonly publishConfig: {
    readonly bin?: Readonly<Record<string, string>>
    readonly exports: Readonly<Record<string, Target>>
  }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface Entries {
  /** The sources of entries and commands, by the path below `dist` that each is published at, without extension. */
  readonly code: Readonly<Record<string, string>>
  /** The sources that threads begin with, by the same. */
  readonly threads: Readonly<Record<string, string>>
  /** Those of the code's entries that have declarations. */
  readonly typed: readonly string[]
  /** Packages that are not taken into the bundle. */
  readonly external: readonly string[]
}

const file = (target: Target | undefined): string | undefined =>
  typeof target === 'string' ? target : target?.default

/** `./dist/net/index.js` is published as `net/index`. */
const published = (path: string): string | undefined => /^\.\/dist\/(.+)\.js$/.exec(path)?.[1]

/**
 * Reads the entries of a package from its package.json and its folder.
 *
 * @throws Error when an entry is published from another place than `dist`, or has no source in the workspace.
 */
export const entriesOf = (folder: string): Entries => {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const code: Record<string, string> = {}
  const typed: string[] = []
  const add = (source: string | undefined, path: string | undefined, what: string): string | undefined => {
    if (path === undefined || path.endsWith('.json')) return undefined
    const name = published(path)
    if (name === undefined || source === undefined)
      throw new Error(
        `${manifest.name}: ${what} is published as ${path}: it must be ./dist/*.js, with a source`,
      )
    code[name] = source
    return name
  }
  for (const [door, target] of Object.entries(manifest.publishConfig.exports)) {
    const name = add(file(manifest.exports[door]), file(target), `the entry ${door}`)
    if (name !== undefined) typed.push(name)
  }
  for (const [command, path] of Object.entries(manifest.publishConfig.bin ?? {}))
    add(manifest.bin?.[command], path, `the command ${command}`)
  // A thread is started by the path of its file, which lies beside whatever starts it.
  const threads: Record<string, string> = {}
  for (const source of globSync('src/**/*-thread.ts', { cwd: folder }))
    threads[basename(source, '.ts')] = `./${source}`
  const { dependencies, optionalDependencies, peerDependencies } = manifest
  return {
    code,
    threads,
    typed,
    external: Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }),
  }
}

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { packages } from './tree.ts'

const generator = join(import.meta.dirname, '../generator')

const run = (file: string, args: readonly string[], cwd: string): void => {
  const { status, error } = spawnSync(file, args, {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 300_000,
  })
  if (error) throw new Error(`${file}: ${error.message}`, { cause: error })
  if (status !== 0) throw new Error(`${[file, ...args].join(' ')}: ended with code ${status}`)
}

/** Installs typedoc and its TypeScript 6, which nothing else here needs, into the generator's own folder. */
export const install = (): void => {
  const pnpm = process.env['npm_execpath'] ?? ''
  const args = ['install', '--frozen-lockfile', '--silent']
  // pnpm 12 is a program; when something else started this script, npx finds it.
  if (/^pnpm(\.exe)?$/.test(basename(pnpm))) run(pnpm, args, generator)
  else run('npx', ['--yes', 'pnpm@12', ...args], generator)
}

/** The doors of a package: the name to import, and the file behind it. */
const doors = (root: string, name: string): [file: string, door: string][] => {
  const folder = join(root, 'packages', name)
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports: Record<string, string>
  }
  return (
    Object.entries(exports)
      // `internal` is the door of the other packages, and promises nothing.
      .filter(([door, file]) => file.endsWith('.ts') && door !== './internal')
      .map(([door, file]) => [join(folder, file), `@uds/${name}${door.slice(1)}`])
  )
}

/** What is made of what. */
export interface Site {
  readonly root: string
  /** The front page, in Markdown. */
  readonly front: string
  /** The pages at the top of the tree; they name those below them. */
  readonly documents: readonly string[]
  /** A folder for what is needed only meanwhile. */
  readonly work: string
  readonly out: string
}

/** Runs typedoc; a warning of its is a failure. */
export const generate = ({ root, front, documents, work, out }: Site): void => {
  const entries = packages.flatMap((name) => doors(root, name))
  const options = {
    name: '@uds',
    plugin: [join(generator, 'names.mjs')],
    doorNames: Object.fromEntries(entries),
    entryPoints: entries.map(([file]) => file),
    sortEntryPoints: false,
    // What a program calls comes first, the types of its arguments after that.
    kindSortOrder: [
      'Document',
      'Module',
      'Namespace',
      'Function',
      'Class',
      'Variable',
      'Constructor',
      'Property',
      'Accessor',
      'Method',
      'Interface',
      'TypeAlias',
    ],
    groupOrder: [
      'Documents',
      'Namespaces',
      'Functions',
      'Classes',
      'Variables',
      'Constructors',
      'Properties',
      'Accessors',
      'Methods',
      'Interfaces',
      '*',
    ],
    tsconfig: join(generator, 'tsconfig.json'),
    // `pnpm check` has looked at the types, with the TypeScript that this house uses.
    skipErrorChecking: true,
    basePath: root,
    readme: front,
    projectDocuments: documents,
    out,
    disableGit: true,
    sourceLinkTemplate: 'https://github.com/uds-js/uds/blob/main/{path}#L{line}',
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    treatWarningsAsErrors: true,
    highlightLanguages: ['ts', 'js', 'json', 'sh', 'python', 'c', 'rust'],
    customCss: join(generator, 'site.css'),
    customJs: join(generator, 'site.js'),
    favicon: join(generator, 'icon.svg'),
    navigation: { includeFolders: false },
    navigationLinks: { GitHub: 'https://github.com/uds-js/uds' },
    searchInComments: true,
    searchInDocuments: true,
    hideGenerator: true,
    includeVersion: false,
    logLevel: 'Warn',
  }
  const file = join(work, 'typedoc.json')
  writeFileSync(file, JSON.stringify(options))
  run(process.execPath, [join(generator, 'node_modules/typedoc/bin/typedoc'), '--options', file], generator)
}

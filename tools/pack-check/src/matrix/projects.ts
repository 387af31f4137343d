/** An empty project for each package manager, with the tarballs installed as a user would, and without a warning. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../run.ts'

/** A package by its name, and where its tarball is. */
export type Tarballs = Readonly<Record<string, string>>

const consumer = join(import.meta.dirname, '../../consumer')

const filesOf = (tarballs: Tarballs): Record<string, string> =>
  Object.fromEntries(Object.entries(tarballs).map(([name, file]) => [name, `file:${file}`]))

/** A line in which a package manager warns: npm, pnpm, Yarn. */
const WARNING = /^npm warn|^.{0,10}\bWARN\b|YN\d+: .*[Ww]arning|with warnings|^warning/m

/** What npm says of the settings of the machine, whatever is installed. */
const OF_THE_MACHINE = /Unknown \w+ config/

/** Installs as a user does, who sees what the package manager prints. */
const installQuietly = (
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): void => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 300_000,
  })
  const said = `${stdout}${stderr}`
  if (status !== 0) throw new Error(`${args.join(' ')}\n${said}`)
  const warning = said.split('\n').find((line) => WARNING.test(line) && !OF_THE_MACHINE.test(line))
  if (warning !== undefined) throw new Error(`it warns: ${warning}`)
}

/** The peer of the door @uds/events/opentelemetry. */
const PEERS = { '@opentelemetry/api': '^1.9.0' }

/** The siblings are not published yet, so each manager takes them from the tarballs, too. */
const make = (directory: string, manifest: object): string => {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, ...manifest }, null, 2))
  cpSync(consumer, directory, { recursive: true })
  return directory
}

/** Does not ask the registry again for what it has read once, nor for money and advice. */
const PLAIN: readonly string[] = ['--no-audit', '--no-fund', '--prefer-offline', '--no-update-notifier']

/** npm says only what is wrong. */
export const QUIET: readonly string[] = [...PLAIN, '--loglevel=error']

/**
 * @param flags - More for npm, as `--omit=optional`.
 * @param npm - The program of another npm than that of the system.
 */
export const withNpm = (
  directory: string,
  tarballs: Tarballs,
  flags: readonly string[] = [],
  npm?: string,
): string => {
  make(directory, { type: 'module', dependencies: { ...filesOf(tarballs), ...PEERS } })
  const args = ['install', ...PLAIN, ...flags]
  if (npm === undefined) installQuietly('npm', args, directory)
  else installQuietly(process.execPath, [npm, ...args], directory)
  return directory
}

export const withPnpm = (directory: string, tarballs: Tarballs): string => {
  const files = filesOf(tarballs)
  make(directory, { type: 'module', dependencies: { ...files, ...PEERS } })
  const overrides = Object.entries(files).map(([name, file]) => `  '${name}': '${file}'`)
  // No dependency may run anything at install time: pnpm fails where one wants to.
  const lines = ['packages: []', 'overrides:', ...overrides, '']
  writeFileSync(join(directory, 'pnpm-workspace.yaml'), lines.join('\n'))
  installQuietly('pnpm', ['install', '--reporter=append-only'], directory)
  return directory
}

/** @param yarn - The program of Yarn 4. */
export const withYarn = (directory: string, tarballs: Tarballs, yarn: string): string => {
  const files = filesOf(tarballs)
  make(directory, { type: 'module', dependencies: { ...files, ...PEERS }, resolutions: files })
  writeFileSync(join(directory, 'yarn.lock'), '')
  const settings = ['nodeLinker: node-modules', 'enableScripts: false', 'enableTelemetry: false', '']
  writeFileSync(join(directory, '.yarnrc.yml'), settings.join('\n'))
  const registry = run('npm', ['config', 'get', 'registry'], directory).trim()
  const env = { ...process.env, YARN_NPM_REGISTRY_SERVER: registry, YARN_ENABLE_IMMUTABLE_INSTALLS: 'false' }
  installQuietly(process.execPath, [yarn, 'install'], directory, env)
  return directory
}

import { existsSync } from 'node:fs'
import { copyFile, lstat, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { command, fingerprint } from '@uds/debian'
import { pnpm } from '@uds/testkit/pnpm'

/** The settings of pnpm in the stage: Wine does not resolve links, and only Windows' binaries are wanted. */
const SETTINGS = `
nodeLinker: hoisted
supportedArchitectures:
  os: [win32]
  cpu: [x64]
`

const SETTINGS_FILE = 'pnpm-workspace.yaml'

/** The files of a workspace: what git knows, and what it would take. */
const listFiles = async (workspace: string): Promise<string[]> => {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const files = (await command('git', args, { cwd: workspace })).split('\0').filter(Boolean)
  // A file that was deleted but not yet committed is still listed.
  return [...new Set(files)].filter((file) => existsSync(join(workspace, file)))
}

const isSame = async (from: string, to: string): Promise<boolean> => {
  const [a, b] = await Promise.all([lstat(from), lstat(to).catch(() => undefined)])
  return a.size === b?.size && Math.abs(a.mtimeMs - b.mtimeMs) < 2
}

const copy = async (from: string, to: string): Promise<void> => {
  if (await isSame(from, to)) return
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
  const { atime, mtime } = await lstat(from)
  await utimes(to, atime, mtime)
}

// Others may work on the workspace while it is copied.
const unlessGone = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'ENOENT') throw error
}

const LIST = '.files'

/** Makes `stage` hold the files of `workspace`: copies what changed and removes what is gone. */
export const refresh = async (workspace: string, stage: string): Promise<readonly string[]> => {
  const files = await listFiles(workspace)
  await mkdir(stage, { recursive: true })
  const before = await readFile(join(stage, LIST), 'utf8').catch(() => '')
  const now = new Set(files)
  for (const file of before.split('\n'))
    if (file !== '' && !now.has(file)) await rm(join(stage, file), { force: true })
  await writeFile(join(stage, LIST), files.join('\n'))
  for (const file of files) {
    if (file !== SETTINGS_FILE) await copy(join(workspace, file), join(stage, file)).catch(unlessGone)
  }
  await writeFile(
    join(stage, SETTINGS_FILE),
    (await readFile(join(workspace, SETTINGS_FILE), 'utf8')) + SETTINGS,
  )
  return files
}

const isManifest = (file: string): boolean =>
  ['package.json', 'pnpm-lock.yaml', SETTINGS_FILE, '.pnpmfile.mjs'].includes(basename(file))

/** Installs the packages that the lockfile names, for Windows, unless they are installed already. */
export const install = async (stage: string, files: readonly string[]): Promise<void> => {
  const manifests = files.filter(isManifest).sort()
  const contents = await Promise.all(manifests.map((file) => readFile(join(stage, file))))
  const wanted = fingerprint(...manifests, ...contents)
  const mark = join(stage, 'node_modules/.installed-for')
  if ((await readFile(mark, 'utf8').catch(() => '')) === wanted) return
  // pnpm runs the hooks of .pnpmfile.mjs with the node of the workspace, which an earlier install made a Windows one.
  await rm(join(stage, 'node_modules/.bin'), { recursive: true, force: true })
  const { file, args } = pnpm(process.env)
  const options = ['install', '--frozen-lockfile', '--ignore-scripts', '--prefer-offline']
  await command(file, [...args, ...options], { cwd: stage, env: { ...process.env, CI: '1' } })
  await writeFile(mark, wanted)
}

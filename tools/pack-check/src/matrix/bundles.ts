/** The samples of `consumer/bundled`, made into bundles and executables, and run where nothing else is, and with koffi. */
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { run } from '../run.ts'
import { attempt } from './results.ts'

export interface BundleTools {
  /** Runs the bundles. */
  readonly node: string
  /** Makes executables: Node 26, the first with --build-sea. */
  readonly nodeWithSea: string
  readonly esbuild: string
  readonly vite: string
}

const LAYERS = ['winsock-ffi', 'pipes', 'stream', 'events', 'wasi-host', 'authorize', 'watch', 'guest']

/** The threads, which a bundle has beside it. */
const THREADS = [
  'node_modules/@uds/winsock-ffi/dist/watch-thread.js',
  'node_modules/@uds/wasi-host/dist/guest-thread.js',
]

const KOFFI = /this is a bundle, and koffi is in no node_modules.*npm install koffi/
/** What cannot be done without koffi or a thread beside the bundle, and what is said then. */
const COMPLAINTS: Readonly<Record<string, RegExp>> = {
  'winsock-ffi': KOFFI,
  pipes: KOFFI,
  authorize: KOFFI,
  watch: KOFFI,
  guest: /bundle node_modules\/@uds\/wasi-host\/dist\/guest-thread\.js/,
}
/** The same for executables, which are of Node 26: node:ffi stands in for koffi. */
const COMPLAINTS_OF_EXECUTABLES: typeof COMPLAINTS = { guest: COMPLAINTS['guest']! }

type Build = (project: string, entries: readonly string[], into: string) => void

const withEsbuild =
  ({ node, esbuild }: BundleTools, format: 'esm' | 'cjs'): Build =>
  (project, entries, into) => {
    const extension = format === 'esm' ? 'mjs' : 'cjs'
    const options = ['--bundle', '--platform=node', `--format=${format}`, '--entry-names=[name]']
    const out = [`--outdir=${into}`, `--out-extension:.js=.${extension}`, '--log-level=warning']
    run(node, [esbuild, ...entries, ...options, ...out], project)
  }

const withVite =
  ({ node, vite }: BundleTools): Build =>
  (project, entries, into) => {
    const config = {
      logLevel: 'warn',
      build: { ssr: true, outDir: into, emptyOutDir: false, rollupOptions: { input: entries } },
      // Otherwise what is in node_modules stays there, and nothing is left to be tried.
      ssr: { noExternal: true },
    }
    writeFileSync(join(project, 'vite.config.mjs'), `export default ${JSON.stringify(config)}\n`)
    run(node, [vite, 'build'], project)
  }

const giveKoffi = (project: string, directory: string): void => {
  cpSync(join(project, 'node_modules/@koromix'), join(directory, 'node_modules/@koromix'), {
    recursive: true,
    dereference: true,
  })
}

/** What a program complains of, which must be what is expected of it. */
const refusal = (command: string, args: readonly string[], expected: RegExp): string => {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 })
  if (status === 0) throw new Error('it did without')
  const said = expected.exec(stderr)?.[0]
  if (said === undefined) throw new Error(`it does not say what to do:\n${stderr}`)
  return 'says what to do'
}

const finish = (command: string, args: readonly string[], cwd: string): string => {
  const said = run(command, args, cwd, { timeoutMs: 60_000 })
  if (!said.includes('done')) throw new Error(`it ended, and nothing was done:\n${said}`)
  return ''
}

/** Runs what has been built, each with nothing beside it, then with koffi and the threads. */
const tryAll = (
  how: string,
  names: readonly string[],
  command: (name: string) => readonly [string, ...string[]],
  complete: () => void,
  cwd: string,
  complaints = COMPLAINTS,
): void => {
  for (const name of names) {
    const [file, ...args] = command(name)
    const complaint = complaints[name]
    attempt(name, `${how}, alone`, () =>
      complaint ? refusal(file, args, complaint) : finish(file, args, cwd),
    )
  }
  attempt('koffi and threads', how, () => (complete(), 'put beside it'))
  for (const name of names) {
    const [file, ...args] = command(name)
    attempt(name, `${how}, with koffi`, () => finish(file, args, cwd))
  }
}

const bundles = (tools: BundleTools): Readonly<Record<string, Build>> => ({
  'esbuild, ESM': withEsbuild(tools, 'esm'),
  'esbuild, CommonJS': withEsbuild(tools, 'cjs'),
  'Vite, server': withVite(tools),
})

/**
 * @param project - Where the packages are installed.
 * @param directory - For what is built: nothing may be installed there or above.
 */
export const tryBundles = (project: string, directory: string, tools: BundleTools): void => {
  const entries = LAYERS.map((name) => `bundled/${name}.mjs`)
  for (const [how, build] of Object.entries(bundles(tools))) {
    const into = join(directory, basename(how.replaceAll(/\W+/g, '-')))
    attempt('bundled', how, () => (build(project, entries, into), `${entries.length} programs`))
    const complete = (): void => {
      build(project, [...entries, ...THREADS], into)
      giveKoffi(project, into)
    }
    const file = (name: string): string =>
      globSync(`${name}.*js`, { cwd: into }).map((each) => join(into, each))[0] ?? name
    tryAll(how, LAYERS, (name) => [tools.node, file(name)], complete, into)
  }
}

/** Node's single executable applications: https://nodejs.org/api/single-executable-applications.html */
export const tryExecutables = (project: string, directory: string, tools: BundleTools): void => {
  const how = 'single executable'
  const names = ['stream', 'pipes', 'guest']
  const scripts = join(directory, 'scripts')
  const into = join(directory, 'executables')
  mkdirSync(into, { recursive: true })
  const program = join(into, 'samples')
  attempt('built', `${how}, Node 26`, () => {
    withEsbuild(tools, 'cjs')(project, ['executable.mjs', ...THREADS], scripts)
    const config = join(scripts, 'executable.json')
    const main = join(scripts, 'executable.cjs')
    writeFileSync(config, JSON.stringify({ main, output: program, disableExperimentalSEAWarning: true }))
    run(tools.nodeWithSea, ['--build-sea', config], scripts)
    return `${(statSync(program).size / 1024 / 1024).toFixed(0)} MB`
  })
  const complete = (): void => {
    for (const each of THREADS) {
      const file = basename(each, extname(each)).concat('.cjs')
      cpSync(join(scripts, file), join(into, file))
    }
    giveKoffi(project, into)
  }
  tryAll(how, names, (name) => [program, name], complete, into, COMPLAINTS_OF_EXECUTABLES)
}

/**
 * Installs the packages as they would be published into empty projects, by npm, pnpm and Yarn, and uses them there: with
 * every Node they are for, every TypeScript, without koffi, in bundles and single executables, and with the Windows build
 * of Node under Wine.
 *
 * `node src/matrix.ts [--no-windows]`
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { tryBundles, tryExecutables } from './matrix/bundles.ts'
import { withNpm, withPnpm, withYarn } from './matrix/projects.ts'
import { attempt, results } from './matrix/results.ts'
import { installTools } from './matrix/tools.ts'
import { checkTypes, resolutions } from './matrix/types.ts'
import { openWindows } from './matrix/wine.ts'
import { doors, pack, packages } from './packages.ts'
import { run } from './run.ts'

const started = performance.now()
const work = mkdtempSync(join(tmpdir(), 'uds-matrix-'))
const at = (...parts: string[]): string => join(work, ...parts)

const tarballs: Record<string, string> = {}
mkdirSync(at('tarballs'))
for (const each of packages) {
  const { name } = each.manifest
  attempt(name, 'packed', () => {
    const file = pack(each, at('tarballs'))
    tarballs[name] = file
    return `${(statSync(file).size / 1024).toFixed(1)} KiB, ${basename(file)}`
  })
}
const all = packages.flatMap(doors)
const tools = installTools(at('tools'))

const managers: Readonly<Record<string, () => string>> = {
  npm: () => withNpm(at('npm'), tarballs),
  pnpm: () => withPnpm(at('pnpm'), tarballs),
  yarn: () => withYarn(at('yarn'), tarballs, tools.yarn),
}
for (const [major, npm] of Object.entries(tools.npms))
  attempt('installed', `npm ${major}`, () => {
    const project = withNpm(at(`npm-${major}`), tarballs, [], npm)
    return `without a warning, ${run(process.execPath, ['echo.mjs'], project).trim().split('\n').at(-1)}`
  })
for (const [manager, install] of Object.entries(managers)) {
  const project = at(manager)
  attempt('installed', manager, () => (install(), 'without scripts, without a warning'))
  // All managers unpack the same files: every Node is tried with what npm installed, the others with one.
  for (const [major, node] of Object.entries(tools.nodes)) {
    if (manager !== 'npm' && major !== '24') continue
    const how = `${manager}, Node ${major}`
    attempt('import', how, () => run(node, ['doors.mjs', ...all], project))
    attempt('require', how, () => run(node, ['doors.cjs', ...all], project))
    attempt('an echo of each layer', how, () => run(node, ['echo.mjs'], project))
  }
}

for (const [version, tsc] of Object.entries(tools.compilers))
  for (const resolution of resolutions)
    attempt('types', `TypeScript ${version}, ${resolution}`, () =>
      checkTypes(at('npm'), tsc, resolution, at('tools/node_modules/@types')),
    )

attempt('installed', 'npm, without koffi', () => (withNpm(at('plain'), tarballs, ['--omit=optional']), ''))
for (const [major, node] of Object.entries(tools.nodes))
  attempt('an echo of each layer', `without koffi, Node ${major}`, () =>
    run(node, ['echo.mjs', '--without-koffi'], at('plain')),
  )

attempt('an echo of each layer', 'without Atomics.wait', () =>
  run(tools.nodes['24']!, ['--import', './no-atomics-wait.mjs', 'echo.mjs'], at('npm')),
)

const bundlers = { ...tools, node: tools.nodes['24']!, nodeWithSea: tools.nodes['26']! }
tryBundles(at('npm'), at('bundles'), bundlers)
tryExecutables(at('npm'), at('bundles'), bundlers)

/** Types of a line each, as a user in a shell would. */
const uds = (...args: string[]): string => run('npx', ['--no-install', 'uds', ...args], at('npm'))
attempt('uds --version', 'npx', () => uds('--version'))
attempt('uds doctor', 'npx', () => {
  const said = uds('doctor', '--json')
  return `${said.trim().split('\n').length} lines of JSON`
})
attempt('uds examples 1', 'npx', () => uds('examples', '1'))

if (!process.argv.includes('--no-windows') && process.platform === 'linux') {
  // The script of koffi would not find the binary for this system, and compile one.
  const flags = ['--os=win32', '--cpu=x64', '--ignore-scripts']
  attempt('installed', 'npm, for Windows', () => (withNpm(at('windows'), tarballs, flags), ''))
  const windows = await openWindows(work, tools.windowsNode)
  try {
    const how = 'Windows Node 24 (Wine)'
    attempt('import', how, () => windows.run('doors.mjs', all, at('windows')))
    attempt('require', how, () => windows.run('doors.cjs', all, at('windows')))
    attempt('an echo of each layer', how, () => windows.run('echo.mjs', [], at('windows')))
    attempt('uds --version', how, () =>
      windows.run('node_modules/@uds/cli/dist/main.js', ['--version'], at('windows')),
    )
  } finally {
    await windows.end()
  }
}

rmSync(work, { recursive: true, force: true })
const failed = results.filter(({ ok }) => !ok).length
console.log(
  `pack matrix: ${results.length - failed} passed, ${failed} failed, in ${((performance.now() - started) / 1000).toFixed(0)} s`,
)
if (failed > 0) process.exitCode = 1

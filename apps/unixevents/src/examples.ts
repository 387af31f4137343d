/**
 * The four examples of unixevents: all of them, or one.
 * Usage: node src/examples.ts [1 | 2 | 3 | 4 | all [DIRECTORY]]
 */
import type { LinkerOptions } from '@uds/events'
import { basic } from './example-1-basic.ts'
import { asyncInit } from './example-2-async-init.ts'
import { advanced } from './example-3-advanced.ts'
import { syncAndAsync } from './example-4-sync-and-async.ts'

const examples: readonly {
  readonly title: string
  readonly run: (channel: string, options: LinkerOptions) => Promise<void>
}[] = [
  { title: 'Basic usage', run: basic },
  { title: 'Async initialization', run: asyncInit },
  { title: 'Advanced features', run: advanced },
  { title: 'Sync vs async sending', run: syncAndAsync },
]

const [which = 'all', directory] = process.argv.slice(2)
const chosen = which === 'all' ? examples : examples.filter((_, index) => which === String(index + 1))
if (chosen.length === 0) {
  console.error(`no example "${which}": give 1, 2, 3, 4 or all`)
  process.exitCode = 1
}
for (const { title, run } of chosen) {
  const number = examples.findIndex((example) => example.title === title) + 1
  console.log(`--- ${number}. ${title}`)
  await run(`example-${number}-${process.pid}`, { directory })
}

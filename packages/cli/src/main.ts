#!/usr/bin/env node
import module from 'node:module'
import { isTooOld, OLDEST_NODE } from './process/node-version.ts'
import { onOutputClosed } from './process/signals.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  onOutputClosed()
})

const main = async (): Promise<void> => {
  const { node } = process.versions
  if (isTooOld(node)) {
    process.stderr.write(`uds: this needs Node ${OLDEST_NODE} or newer, and runs on ${node}\n`)
    process.exitCode = 1
    return
  }
  // The compile cache makes the next start faster. Modules load after this call, and not at all on a Node that is too old.
  module.enableCompileCache?.()
  const { hideExperimentalWarnings } = await import('./process/experimental-warnings.ts')
  const { run } = await import('./run.ts')
  hideExperimentalWarnings()
  process.exitCode = await run(process.argv.slice(2))
}

void main()

#!/usr/bin/env node
import module from 'node:module'
import { isTooOld, OLDEST_NODE } from './process/node-version.ts'
import { onOutputClosed } from './process/signals.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  onOutputClosed()
})

/** Resolves when all that was written has left the process, or its reader has gone. */
const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed) resolve()
    else stream.write('', () => resolve())
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
  const exitCode = await run(process.argv.slice(2))
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
  // The command has ended, whatever a broken connection may still hold open: TLS after EPIPE does, now and then.
  process.exit(exitCode)
}

void main()

import type { Linker, LinkerOptions } from '@uds/events'

/** The channel and, for channels outside /tmp, its directory, from the command line. */
export const channelFrom = (otherwise: string): { channel: string; options: LinkerOptions } => {
  const [channel = otherwise, directory] = process.argv.slice(2)
  return { channel, options: { directory } }
}

/** Waits for Ctrl+C, SIGTERM, or a channel that cannot be opened, and closes. */
export const untilStopped = async (linker: Linker): Promise<void> => {
  if (!(await linker.ready)) {
    console.error(linker.lastError?.message)
    process.exitCode = 1
    return
  }
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve)
  })
  await linker.close()
}

import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const POLL_MS = 500

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Waits until no other process holds `file`, then holds it: two runs would end each other's Windows processes.
 * What a process that is gone left behind does not count. Returns the function that lets go.
 */
export const lock = async (file: string, say: (line: string) => void): Promise<() => Promise<void>> => {
  await mkdir(dirname(file), { recursive: true })
  const mine = `${file}.${process.pid}`
  let told = false
  for (;;) {
    try {
      // A link appears with its content, so that nobody sees a lock without a holder.
      await writeFile(mine, String(process.pid))
      await link(mine, file)
      return () => rm(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      await rm(mine, { force: true })
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''))
    if (holder > 0 && !isRunning(holder)) {
      await rm(file, { force: true })
      continue
    }
    if (!told) say(`waiting for another run (process ${holder}) to end`)
    told = true
    await wait(POLL_MS)
  }
}

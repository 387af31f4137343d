import { writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type { Watch } from './watchdog.ts'

const timers = new Map<string, NodeJS.Timeout>()

const kill = (name: string, limitMs: number): void => {
  const text = `\nWATCHDOG: "${name}" has run for more than ${limitMs} ms and blocks its process, which is killed now.\n`
  try {
    // Only a synchronous write gets out: the main thread, which serves this thread's streams, is blocked.
    writeSync(2, text)
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
}

parentPort?.on('message', ({ id, name, limitMs }: Watch) => {
  clearTimeout(timers.get(id))
  timers.delete(id)
  if (name === undefined || limitMs === undefined) return
  timers.set(id, setTimeout(kill, limitMs, name, limitMs))
})

/** The daemon: daemon.ts [LOG FILE]. The first one listens; a second one says so and ends. */
import { setTimeout as sleep } from 'node:timers/promises'
// #region daemon
import { EventServer } from '@uds/events'
import { Log } from './log.ts'
import { ADDRESS, type DaemonMap } from './map.ts'

const log = new Log(process.argv[2])
const startedAt = Date.now()
let jobs = 0

const stop = async (why: string): Promise<void> => {
  log.write(`stops: ${why}`)
  // Those who follow the log would hold it up: they have until then.
  await server.close({ graceMs: 200 })
  await log.flush()
  process.exit()
}

const server = await EventServer.listen<DaemonMap>(ADDRESS, {
  authorize: 'sameUser',
  // Handlers that are there before the first command is let in.
  setUp(made) {
    made.on('error', (error) => log.write(error.message))
    made.handle('status', () => ({ pid: process.pid, upMs: Date.now() - startedAt, jobs }))
    made.handle('stop', () => {
      // After the answer.
      setImmediate(() => void stop('a command'))
    })
    made.handle('logs', (last, { signal }) => log.follow(last, signal))
    made.handle('run', async function* ({ steps, stepMs }, { signal }) {
      jobs++
      log.write(`job of ${steps} steps`)
      let step = 0
      try {
        while (step < steps) {
          // The signal aborts when the command is cancelled, or gone.
          await sleep(stepMs, undefined, { signal })
          yield { step: ++step, of: steps }
        }
        log.write('job done')
      } finally {
        if (step < steps) log.write(`job cancelled after ${step} of ${steps} steps`)
        jobs--
      }
    })
  },
}).catch((error: NodeJS.ErrnoException) => {
  console.error(error.code === 'EADDRINUSE' ? 'the daemon runs already' : error.message)
  process.exit(1)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop(signal))
log.write(`listens at ${server.address}`)
// #endregion

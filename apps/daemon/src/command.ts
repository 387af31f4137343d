/** The command: command.ts start | stop | restart | status | run [STEPS [STEP_MS]] | logs [LAST] */
// #region command
import { EventClient } from '@uds/events'
import { connectOrStart } from '@uds/stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ADDRESS, type DaemonMap, type Progress } from './map.ts'

const daemon = fileURLToPath(new URL('./daemon.ts', import.meta.url))
const logFile = process.env['DAEMON_LOG']

/** Starts the daemon where none runs: once, however many commands do this at the same time. */
const start = async (): Promise<void> => {
  const args = logFile === undefined ? [daemon] : [daemon, logFile]
  const connection = await connectOrStart(ADDRESS, { start: [process.execPath, ...args] })
  connection.destroy()
}

const connect = (retryUntilMs = 0): Promise<EventClient<DaemonMap>> =>
  EventClient.connect<DaemonMap>(ADDRESS, { retryUntilMs })

const isAway = (error: unknown): boolean =>
  ['ECONNREFUSED', 'ENOENT'].includes(String((error as NodeJS.ErrnoException).code))

/** Ctrl+C cancels what is asked for, here and in the daemon. */
const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort(new Error('cancelled')))
const { signal } = interrupted

/** A stream of the daemon; where it is stopped and started under it, the next daemon's. */
const follow = async <T>(
  client: EventClient<DaemonMap>,
  ask: () => AsyncIterable<T>,
  show: (item: T) => void,
): Promise<void> => {
  for (;;) {
    try {
      for await (const item of ask()) show(item)
      return
    } catch (error) {
      if (signal.aborted || (error as { code?: string }).code !== 'ERR_DISCONNECTED') throw error
      console.log('the daemon is away')
      while (!client.connected && !signal.aborted) await sleep(20)
      console.log('the daemon is back')
    }
  }
}

const show = ({ step, of }: Progress): void => console.log(`${step} of ${of}`)

const stop = async (): Promise<void> => {
  const client = await connect()
  const gone = client.once('disconnect')
  await client.request('stop')
  await gone
  await client.close()
}

const commands: Record<string, (...args: string[]) => Promise<void>> = {
  start,
  stop,
  async restart() {
    await stop().catch((error: unknown) => {
      if (!isAway(error)) throw error
    })
    await start()
  },
  async status() {
    const client = await connect()
    const { pid, upMs, jobs } = await client.request('status')
    console.log(`runs as ${pid} for ${Math.round(upMs / 1000)} s, ${jobs} jobs`)
    await client.close()
  },
  async run(steps = '10', stepMs = '100') {
    await start()
    const client = await connect(2000)
    const job = { steps: Number(steps), stepMs: Number(stepMs) }
    // A short window: what is shown is what is done.
    await follow(client, () => client.stream('run', job, { signal, window: 2 }), show)
    await client.close()
  },
  async logs(last = '10') {
    const client = await connect()
    await follow(client, () => client.stream('logs', Number(last), { signal, timeoutMs: null }), console.log)
  },
}
// #endregion

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (command === undefined) {
  console.error(`usage: command.ts ${Object.keys(commands).join(' | ')}`)
  process.exit(2)
}
try {
  await command(...args)
  process.exit()
} catch (error) {
  if (signal.aborted) console.log('cancelled')
  else console.error(isAway(error) ? 'the daemon does not run' : (error as Error).message)
  // 130: ended by Ctrl+C, as shells have it. 3: it does not run, as init scripts have it.
  process.exit(signal.aborted ? 130 : isAway(error) ? 3 : 1)
}

/** A running nats-server with a store of its own: started, killed, started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** How a server is started. */
export interface StartOptions {
  /** The program. */
  readonly file: string
  /** Where its configuration and its store lie. */
  readonly directory: string
  /** The most bytes of all stores, as the configuration writes it. @default '256M' */
  readonly maxFile?: string
  /** More lines of the configuration: authorization, limits. */
  readonly configuration?: string
}

/** A server of its own. */
export interface RunningNats {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** What it has written to its log. */
  log(): string
  /** Ends it at once, as a crash would, and waits for that. */
  kill(): Promise<void>
  /** Starts it again, with the same store and port. */
  start(): Promise<void>
  /** Ends it in peace. */
  close(): Promise<void>
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves when something that speaks NATS answers. */
const answers = async (port: number, child: ChildProcess, log: () => string): Promise<void> => {
  const end = performance.now() + 20_000
  while (performance.now() < end) {
    if (child.exitCode !== null || child.signalCode !== null) break
    const greeted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('data', () => resolve(true)).once('error', () => resolve(false))
      socket.once('close', () => resolve(false)).setTimeout(1000, () => socket.destroy())
      socket.once('data', () => socket.destroy())
    })
    if (greeted) return
    await sleep(20)
  }
  throw new Error(`nats-server does not answer\n${log()}`)
}

/** Starts a server with JetStream on a port of its own. */
export const startNats = async (options: StartOptions): Promise<RunningNats> => {
  const { file, directory, maxFile = '256M', configuration = '' } = options
  const port = await freePort()
  mkdirSync(directory, { recursive: true })
  const path = join(directory, 'nats.conf')
  writeFileSync(
    path,
    `listen: "127.0.0.1:${port}"\nserver_name: "test-${port}"\njetstream { store_dir: ${JSON.stringify(join(directory, 'store'))}, max_file: ${maxFile}, max_mem: 64M }\n${configuration}\n`,
  )
  let output = ''
  let child: ChildProcess
  const log = (): string => output.slice(-8192)
  const start = async (): Promise<void> => {
    child = spawn(file, ['-c', path], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-65_536)
      })
    await answers(port, child, log)
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'close')
    child.kill(signal)
    await gone
  }
  await start()
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0
    },
    log,
    kill: () => end('SIGKILL'),
    start,
    close: () => end('SIGTERM'),
  }
}

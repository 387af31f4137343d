import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

/** A message to the watchdog's thread: `name` may take `limitMs` from now; without a name it has ended. */
export interface Watch {
  readonly id: string
  readonly name?: string
  readonly limitMs?: number
}

/**
 * A thread that kills this process when something takes too long. A blocked foreign call stops the main
 * thread, and vitest's own timeouts with it; another thread still runs.
 */
export class Watchdog {
  readonly #worker: Worker

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  /** Resolves when the thread runs, so that what a thread opens is open already. */
  static async start(): Promise<Watchdog> {
    const file = new URL(`./watchdog-thread${extname(import.meta.url)}`, import.meta.url)
    const worker = new Worker(file, { execArgv: ['--disable-warning=ExperimentalWarning'] })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    worker.once('online', resolve)
    worker.once('error', reject)
    await promise
    worker.unref()
    return new Watchdog(worker)
  }

  watch(id: string, name: string, limitMs: number): void {
    this.#worker.postMessage({ id, name, limitMs } satisfies Watch)
  }

  done(id: string): void {
    this.#worker.postMessage({ id } satisfies Watch)
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}

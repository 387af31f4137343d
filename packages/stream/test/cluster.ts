/** A cluster for tests: its primary process is one that knows nothing of @uds/stream. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { spawnScript, type Spawned } from '@uds/testkit'

const fixture = (name: string): URL => new URL(`./fixtures/${name}.ts`, import.meta.url)

export class TestCluster {
  readonly primary: Spawned

  /** @param cwd - Of the workers. */
  constructor(policy: 'rr' | 'none', cwd = '') {
    const worker = fileURLToPath(fixture('cluster-worker'))
    this.primary = spawnScript(fixture('cluster-primary'), [policy, worker, cwd])
  }

  /** Sends a line to the primary process, and waits for one from it. */
  async #ask(line: string, answer: RegExp): Promise<string> {
    this.primary.process.stdin!.write(`${line}\n`)
    return (await this.primary.waitForLine(answer, 30_000))[1]!
  }

  /** Starts a worker. */
  async fork(): Promise<string> {
    const id = await this.#ask('fork', /^forked (\d+)$/)
    await this.primary.waitForLine(new RegExp(`^${id} up$`), 30_000)
    return id
  }

  /** What a worker says to a command. */
  tell(id: string, command: string): Promise<string> {
    return this.#ask(`${id} ${command}`, new RegExp(`^${id} (.*)$`))
  }

  /** What a worker says next. */
  async next(id: string): Promise<string> {
    return (await this.primary.waitForLine(new RegExp(`^${id} (.*)$`), 30_000))[1]!
  }

  /** Starts workers that listen. */
  async listening(count: number, address: string, options: object = {}): Promise<string[]> {
    const ids = await Promise.all(Array.from({ length: count }, () => this.fork()))
    for (const said of await Promise.all(ids.map((id) => this.listen(id, address, options))))
      if (!said.startsWith('listens at')) throw new Error(said)
    return ids
  }

  listen(id: string, address: string, options: object = {}): Promise<string> {
    return this.tell(id, `listen ${address} ${JSON.stringify(options)}`)
  }
}

/** Which worker serves a client. */
export const servedBy = (path: string): Promise<string> => text(connect({ path }))

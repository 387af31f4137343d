import { freshName, tempDir } from '@uds/testkit'
import { onTestFinished } from 'vitest'
import { namedPipes } from '../src/unixevents/select.ts'
import { Linker } from '../src/unixevents/index.ts'
import type { LinkerOptions } from '../src/unixevents/index.ts'

/** A channel that no other test uses; what is opened on it is closed when the test ends. */
export class Channel {
  readonly name: string = freshName()
  readonly directory: string = tempDir()

  /** Where its socket is, or its named pipe: what node:net takes. */
  get path(): string {
    const { directory, name } = this
    return namedPipes ? `\\\\.\\pipe\\${directory}\\${name}.sock` : `${directory}/${name}.sock`
  }

  linker(options: LinkerOptions = {}): Linker {
    const linker = new Linker({ directory: this.directory, timeoutMs: 5000, ...options })
    onTestFinished(() => linker.close())
    return linker
  }

  async server(options?: LinkerOptions): Promise<Linker> {
    return await this.#open('server', options)
  }

  async client(options?: LinkerOptions): Promise<Linker> {
    return await this.#open('client', options)
  }

  /** A server with a client that is connected. */
  async pair(options?: LinkerOptions): Promise<{ server: Linker; client: Linker }> {
    const server = await this.server(options)
    return { server, client: await this.client(options) }
  }

  async #open(role: 'server' | 'client', options?: LinkerOptions): Promise<Linker> {
    const linker = this.linker(options)
    if (!(await linker.init(role, this.name))) throw linker.lastError
    return linker
  }
}

/** The next `count` payloads of an event. */
export const received = (linker: Linker, event: string, count = 1): Promise<unknown[]> =>
  new Promise((resolve) => {
    const got: unknown[] = []
    linker.receive(event, (data) => {
      got.push(data)
      if (got.length === count) resolve(got)
    })
  })

/** A process that may have few files open. */
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freshName, socketPath, spawnProgram, type Spawned } from '@uds/testkit'
import { fileURLToPath } from 'node:url'
import { capabilities } from '@uds/winsock-ffi'
import { connect } from '@uds/stream'
import { onPosix } from './support.ts'

const LIMIT = 64

/** Starts a script that may have `LIMIT` descriptors. */
const poor = (name: string, ...args: string[]): Spawned => {
  const script = fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url))
  const command = `ulimit -n ${LIMIT}; exec "$0" --disable-warning=ExperimentalWarning "$@"`
  return spawnProgram('sh', ['-c', command, process.execPath, script, ...args])
}

/** Starts such a server, and returns its address. */
const poorServer = async (address: string): Promise<{ address: string; met(): Promise<string> }> => {
  const server = poor('few-descriptors', address)
  const [, opened = ''] = await server.waitForLine(/^listening on (.*)$/)
  return { address: opened, met: async () => (await server.waitForLine(/^met (.*)$/))[1]! }
}

/** Clients of a server that greets, and what became of them. */
class Crowd {
  greeted = 0
  closed = 0
  readonly #clients: Duplex[] = []

  async grow(address: string, count: number): Promise<void> {
    for (let each = 0; each < count; each += 1) {
      const client = await connect(address, { retryUntilMs: 10_000 })
      this.#clients.push(client)
      client.once('data', () => (this.greeted += 1))
      client.once('close', () => (this.closed += 1))
    }
  }

  async shrink(count: number): Promise<void> {
    for (const client of this.#clients.splice(0, count)) {
      client.destroy()
      await once(client, 'close')
    }
  }
}

describe.skipIf(!onPosix)('when a server runs out of descriptors', () => {
  test.each([
    ['AF_UNIX', () => `unix:${socketPath()}`, true],
    ['an abstract name', () => `unix:@${freshName()}`, capabilities().abstractNames],
    ['TCP', () => 'tcp:127.0.0.1:0', true],
  ])(
    'over %s nobody is turned away: who comes waits, the server is told once, and goes on',
    async (_kind, address, possible) => {
      if (!possible) return
      const server = await poorServer(address())
      const crowd = new Crowd()
      onTestFinished(() => crowd.shrink(Infinity))
      // Twice, so that the way back is gone as well.
      for (let wave = 1; wave <= 2; wave += 1) {
        crowd.greeted = 0
        crowd.closed = 0
        await crowd.grow(server.address, 2 * LIMIT)
        expect(await server.met()).toBe('EMFILE')
        expect(crowd.closed).toBe(0)
        expect(crowd.greeted).toBeLessThan(LIMIT)
        // Each that goes makes room for one that waits.
        for (let gone = 0; gone < 2 * LIMIT; gone += LIMIT / 4) {
          await expect.poll(() => crowd.greeted, { timeout: 10_000 }).toBeGreaterThanOrEqual(gone + LIMIT / 4)
          expect(crowd.closed).toBe(gone)
          await crowd.shrink(LIMIT / 4)
        }
      }
    },
    60_000,
  )

  test('connect and listen say so, leave nothing behind, and work again when there are some', async () => {
    const [taken, fresh] = [socketPath(), socketPath()]
    const run = poor('no-descriptors', taken, fresh)
    expect(await run.exit).toEqual({ code: 0, signal: null })
    const lines = run.stdout().trimEnd().split('\n')
    expect(lines.slice(0, 3)).toEqual([
      expect.stringMatching(/^connect: SocketError connect EMFILE unix:.*too many open files/),
      expect.stringMatching(/^listen: SocketError listen EMFILE unix:.*too many open files/),
      expect.stringMatching(/^listen with a mode: SocketError listen EMFILE unix:.*too many open files/),
    ])
    expect(lines.slice(3)).toEqual(['connect: works', 'listen: works', 'listen with a mode: works'])
    expect(readdirSync(dirname(taken))).toEqual([])
    expect(readdirSync(dirname(fresh))).toEqual([])
  })
})

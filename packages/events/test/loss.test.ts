import { readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { unix } from '@uds/stream'
import { freshName, spawnScript, tempDir, until } from '@uds/testkit'
import { EventClient } from '@uds/events'
import { cuttable, join, serve, usual, watched } from './fixtures/ends.ts'

// The full size is the promise; the small one is what a laptop waits for.
const full = process.env['UDS_LOSS'] === 'full'
const total = full ? 1_000_000 : 50_000
const cuts = full ? 200 : 40
const kills = full ? 20 : 5
const sqlite = process.getBuiltinModule('node:sqlite') !== undefined

interface Numbers {
  events: { number: number }
}

test(
  `${total} acknowledged messages, with the connection cut ${cuts} times, are each handled once and in order`,
  { timeout: 120_000 },
  async () => {
    const { transport, cut } = cuttable()
    const address = `memory:${freshName()}`
    const server = await serve<Numbers>(address, { transport })
    let next = 0
    let wrong = 0
    let redelivered = 0
    server.on('number', (value, _peer, delivery) => {
      if (value !== next++) wrong++
      if (delivery.redelivered) redelivered++
      // Some handlers end later, and are under way when the connection goes.
      return value % 97 === 0 ? new Promise<void>((resolve) => setImmediate(resolve)) : undefined
    })
    const client = await join<Numbers>(address, { transport, reconnect: { initialMs: 1, maxMs: 2 } })
    let done = 0
    let lost = 0
    client.on('disconnect', () => lost++)
    const cutter = async (): Promise<void> => {
      for (let at = 1; at <= cuts; at++) {
        const when = Math.floor(((at - Math.random()) * total) / (cuts + 1))
        await until(() => done >= when && client.connected)
        cut()
        await until(() => lost === at)
      }
    }
    const cutting = cutter()
    let sent = 0
    const sender = async (): Promise<void> => {
      while (sent < total) {
        await client.send('number', sent++)
        done++
      }
    }
    await Promise.all(Array.from({ length: 64 }, sender))
    await cutting
    expect({ next, wrong, redelivered, lost }).toEqual({ next: total, wrong: 0, redelivered: 0, lost: cuts })
  },
)

test(
  `with the server killed and started again ${kills} times nothing is lost, and what may come twice is marked`,
  { timeout: 120_000 },
  async () => {
    const { address, start, log } = keeper()
    let server = await start()
    const client = watched(EventClient.open<Numbers>(address(), { reconnect: { initialMs: 5, maxMs: 20 } }))
    const count = kills * 400
    let sent = 0
    let done = 0
    const sender = async (): Promise<void> => {
      while (sent < count) {
        await client.send('number', sent++)
        done++
      }
    }
    const senders = Promise.all(Array.from({ length: 32 }, sender))
    for (let at = 1; at <= kills; at++) {
      await until(() => done >= (at * count) / (kills + 1))
      void server.kill('SIGKILL')
      await server.exit
      server = await start()
    }
    await senders
    const lines = readFileSync(log, 'utf8').trim().split('\n')
    const seen = new Set<number>()
    const unmarkedTwice: string[] = []
    for (const line of lines) {
      const value = Number.parseInt(line, 10)
      if (seen.has(value) && !line.endsWith('again')) unmarkedTwice.push(line)
      seen.add(value)
    }
    expect([seen.size, unmarkedTwice]).toEqual([count, []])
  },
)

describe.skipIf(!sqlite)('with a journal', () => {
  test(
    `effects are committed exactly once, in order, across ${kills} kills of the server`,
    { timeout: 120_000 },
    async () => {
      const { address, start, journal } = keeper()
      let server = await start(true)
      const client = watched(EventClient.open<Numbers>(address(), { reconnect: { initialMs: 5, maxMs: 20 } }))
      const count = kills * 300
      let sent = 0
      let done = 0
      const sender = async (): Promise<void> => {
        while (sent < count) {
          await client.send('number', sent++)
          done++
        }
      }
      const senders = Promise.all(Array.from({ length: 32 }, sender))
      for (let at = 1; at <= kills; at++) {
        await until(() => done >= (at * count) / (kills + 1))
        void server.kill('SIGKILL')
        await server.exit
        server = await start(true)
      }
      await senders
      void server.kill('SIGKILL')
      await server.exit
      expect(effects(journal)).toEqual(Array.from({ length: count }, (_, at) => at))
    },
  )

  test(
    'what a sender said before it was killed arrives when it is started again',
    { timeout: 60_000 },
    async () => {
      const { address, start, journal } = keeper()
      const outbox = joinPath(tempDir(), 'outbox.db')
      const sender = new URL('./fixtures/sender.ts', import.meta.url)
      // Nobody listens yet: everything is in the journal, nothing was handled.
      for (const from of [0, 500]) {
        const first = spawnScript(sender, [address(), outbox, String(from), '500'])
        await first.waitForLine(/said/)
        void first.kill('SIGKILL')
        await first.exit
      }
      const server = await start(true)
      const last = watched(await EventClient.connect<Numbers>(address(), { journal: { path: outbox } }))
      await last.send('number', 1000)
      await last.flush()
      await last.close()
      void server.kill('SIGKILL')
      await server.exit
      expect(effects(journal)).toEqual(Array.from({ length: 1001 }, (_, at) => at))
    },
  )

  test('a handler that fails leaves nothing in the database', async () => {
    const path = joinPath(tempDir(), 'inbox.db')
    const server = await serve<Numbers>(usual(), { journal: { path } })
    server.on('number', async (value, _peer, { transaction }) => {
      const database = transaction as DatabaseSync
      database.exec('CREATE TABLE IF NOT EXISTS effects (value INTEGER NOT NULL) STRICT')
      database.prepare('INSERT INTO effects VALUES (?)').run(value)
      await new Promise((resolve) => setImmediate(resolve))
      if (value === 1) throw new Error('no')
    })
    const client = await join<Numbers>(server.address)
    const results = await Promise.allSettled([0, 1, 2].map((value) => client.send('number', value)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    await server.close()
    expect(effects(path)).toEqual([0, 2])
  })

  test('a journal of another codec is refused', async () => {
    const path = joinPath(tempDir(), 'outbox.db')
    const server = await serve()
    await (await EventClient.connect(server.address, { journal: { path } })).close()
    await expect(
      EventClient.connect(server.address, { journal: { path }, codec: 'msgpack' }),
    ).rejects.toThrow(/holds messages of the codec json, not msgpack/)
  })
})

/** A server process at one address, started as often as needed. */
const keeper = (): {
  address: () => string
  start: (journaled?: boolean) => Promise<ReturnType<typeof spawnScript>>
  log: string
  journal: string
} => {
  const folder = tempDir()
  const log = joinPath(folder, 'log')
  const journal = joinPath(folder, 'inbox.db')
  // A pipe on Windows without AF_UNIX: every system has a name that outlives a process.
  const address = unix.capabilities.listen ? `unix:${joinPath(folder, 's')}` : `pipe:${freshName()}`
  return {
    address: () => address,
    start: async (journaled = false) => {
      const args = [address, log, ...(journaled ? [journal] : [])]
      const server = spawnScript(new URL('./fixtures/keeper.ts', import.meta.url), args)
      await server.waitForLine(/ready/)
      return server
    },
    log,
    journal,
  }
}

const effects = (path: string): number[] => {
  const sql = process.getBuiltinModule('node:sqlite')
  const database = new sql.DatabaseSync(path)
  const rows = database.prepare('SELECT value FROM effects ORDER BY rowid').all()
  database.close()
  return rows.map(({ value }) => Number(value))
}

import { join } from 'node:path'
import { DeferError } from '@uds/events'
import { startRelay } from '@uds/nats-server'
import { atEnd, codeOf, freshName, tempDir, until } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { machine, nats, natsServer } from './fixtures/machines.ts'

interface Orders {
  events: { order: { n: number }; other: number; big: Uint8Array }
}

const sends = ['order', 'other', 'big'] as const

/** What a journal's transaction can do here. */
interface Database {
  exec(sql: string): void
  prepare(sql: string): { run(...values: unknown[]): void; all(): { n: number }[] }
}

describe.skipIf(natsServer === undefined)('acknowledged messages over machines', () => {
  const channel = `sends ${freshName()}`

  test('are stored, then handled once on each machine that listens, in order', async () => {
    const running = await nats()
    const options = { url: running.url, channel, forward: { sends } }
    const a = await machine<Orders>(options)
    const got: number[][] = [[], []]
    for (const list of got)
      await machine<Orders>({
        ...options,
        setUp: (server) =>
          server.on('order', ({ n }, peer, { id }) => {
            expect([peer.name, peer.machine, id?.endsWith(`:${n + 1}`)]).toEqual([
              'ann',
              a.nats.machine,
              true,
            ])
            list.push(n)
          }),
      })
    const client = await a.client({ name: 'ann' })
    await Promise.all(Array.from({ length: 300 }, (_, n) => client.send('order', { n })))
    await until(() => got.every((list) => list.length === 300))
    const all = Array.from({ length: 300 }, (_, n) => n)
    expect(got).toEqual([all, all])
    expect(a.nats.counters).toMatchObject({ stored: 300, unstored: 0 })
    expect(await codeOf(client.send('big', new Uint8Array(1_200_000)))).toBe('ERR_FRAME_TOO_LARGE')
    expect(a.errors.filter(({ message }) => !message.includes('max_payload'))).toEqual([])
  })

  test('wait with their sender while no machine listens, and while there is no server', async () => {
    const running = await nats()
    const options = { url: running.url, channel, forward: { sends } }
    const a = await machine<Orders>(options)
    const client = await a.client()
    let stored = 0
    const sent = [0, 1, 2].map((n) => client.send('order', { n }).then(() => stored++))
    await until(() => a.nats.counters.unstored === 3)
    const got: number[] = []
    await machine<Orders>({ ...options, setUp: (server) => server.on('order', ({ n }) => got.push(n)) })
    await Promise.all(sent)
    await until(() => got.length === 3)
    await running.kill()
    await until(() => !a.nats.connected)
    const more = [3, 4, 5].map((n) => client.send('order', { n }))
    await until(() => a.nats.counters.unstored === 3)
    await running.start()
    await Promise.all(more)
    await until(() => got.length === 6)
    expect(got).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('that a listener puts off come again; those it cannot handle become dead letters', async () => {
    const running = await nats()
    const options = { url: running.url, channel, forward: { sends } }
    const a = await machine<Orders>(options)
    const attempts: number[] = []
    let deferred = 0
    const b = await machine<Orders>({
      ...options,
      setUp: (server) => {
        server.on('order', ({ n }) => {
          attempts.push(n)
          throw Object.assign(new Error('never'), { code: 'E_NEVER' })
        })
        server.on('other', () => {
          if (deferred++ < 3) throw new DeferError({ retryAfterMs: 10 })
        })
      },
    })
    const letters: unknown[] = []
    b.nats.on('deadLetter', ({ kind, name, data, attempts: times, error }) =>
      letters.push([kind, name, data, times, (error as { code?: unknown }).code]),
    )
    const client = await a.client()
    await client.send('order', { n: 1 })
    await client.send('other', 1)
    await until(() => deferred === 4)
    await until(() => letters.length === 1)
    expect(letters).toEqual([['send', 'order', { n: 1 }, 5, 'E_NEVER']])
    expect(attempts).toHaveLength(5)
  })

  test('are rejected only by a rule that the user chose: a full store, a full queue', async () => {
    const running = await nats({ maxFile: '8M' })
    const listening = { url: running.url, channel, forward: { sends } }
    const waiting = await machine<Orders>({ ...listening, stream: { maxBytes: 400_000 } })
    // Its consumer stays, and takes nothing: the store fills.
    const b = await machine<Orders>({
      ...listening,
      setUp: (server) => server.on('big', () => Promise.reject(new DeferError({ retryAfterMs: 60_000 }))),
    })
    const failing = await machine<Orders>({
      ...listening,
      stream: { maxBytes: 400_000, full: 'fail' },
      offline: { policy: 'fail', limit: 2 },
    })
    const big = new Uint8Array(50_000)
    const patient = await waiting.client()
    const hasty = await failing.client()
    for (let n = 0; n < 7; n++) await patient.send('big', big)
    expect(await codeOf(hasty.send('big', big).then(() => hasty.send('big', big)))).toBe('ERR_STORE_FULL')
    let kept = false
    const late = patient.send('big', big).then(() => (kept = true))
    await until(() => waiting.errors.length > 0)
    expect([kept, waiting.nats.counters.unstored]).toEqual([false, 1])
    await b.server.close({ graceMs: 0 })
    await running.kill()
    await until(() => !failing.nats.connected)
    const held = [hasty.send('other', 1), hasty.send('other', 2)]
    await until(() => failing.nats.counters.unstored === 2)
    expect(await codeOf(hasty.send('other', 3))).toBe('ERR_QUEUE_FULL')
    void Promise.allSettled([...held, late])
  })

  test('none is lost and none handled twice where the receiver has a journal: server killed, network cut', async () => {
    const running = await nats()
    const relay = await startRelay(running.port)
    atEnd(() => relay.close())
    const journal = { path: join(tempDir(), 'journal') }
    const options = { channel, forward: { sends } }
    const a = await machine<Orders>({ ...options, url: running.url })
    let database: Database | undefined
    const rows = (): number[] =>
      database
        ?.prepare('SELECT n FROM orders')
        .all()
        .map((row) => row.n) ?? []
    await machine<Orders>({
      ...options,
      url: `nats://127.0.0.1:${relay.port}`,
      serverOptions: { journal },
      setUp: (server) =>
        server.on('order', ({ n }, _, { transaction }) => {
          database = transaction as Database
          database.exec('CREATE TABLE IF NOT EXISTS orders (n INTEGER)')
          database.prepare('INSERT INTO orders VALUES (?)').run(n)
        }),
    })
    const client = await a.client()
    const kills = Number(process.env['UDS_NATS_KILLS'] ?? 3)
    let n = 0
    let acknowledged = 0
    const ending = new AbortController()
    const load = Array.from({ length: 64 }, async () => {
      while (!ending.signal.aborted) {
        await client.send('order', { n: n++ })
        acknowledged++
      }
    })
    for (let kill = 0; kill < kills; kill++) {
      const from = acknowledged
      await until(() => acknowledged > from + 200)
      await running.kill()
      await running.start()
    }
    const from = acknowledged
    await until(() => acknowledged > from + 200)
    relay.cut()
    const cutAt = acknowledged
    await until(() => acknowledged > cutAt + 500)
    relay.heal()
    ending.abort()
    await Promise.all(load)
    await until(() => rows().length >= acknowledged)
    const handled = rows()
    const twice = handled.length - new Set(handled).size
    const lost = acknowledged - new Set(handled).size
    console.log(
      `nats-server killed ${kills} times, network cut once: ${acknowledged} acknowledged, ${lost} lost, ${twice} twice`,
    )
    expect([lost, twice]).toEqual([0, 0])
  }, 120_000)
})

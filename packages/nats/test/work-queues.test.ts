import { codeOfCall, freshName, until } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { machine, nats, natsServer } from './fixtures/machines.ts'

describe.skipIf(natsServer === undefined)('a work queue of several machines', () => {
  test('sends each message to one worker, retries with pauses, and buries what fails for the last time', async () => {
    const running = await nats()
    const options = { url: running.url, channel: `work ${freshName()}` }
    const machines = [await machine(options), await machine(options), await machine(options)] as const
    const done: number[][] = [[], [], []]
    const letters: unknown[] = []
    const attempts: number[] = []
    for (const [at, { nats: adapter }] of machines.entries()) {
      adapter.work(
        'resize',
        async (n, { attempt }) => {
          if (n === -1) {
            attempts.push(attempt)
            throw new Error('never')
          }
          await new Promise((resolve) => setImmediate(resolve))
          done[at]?.push(n as number)
        },
        {
          concurrency: 4,
          maxDeliver: 3,
          backoffMs: [10, 20],
          deadLetter: ({ kind, data }) => letters.push([kind, data]),
        },
      )
    }
    const { nats: pusher } = machines[0]
    await pusher.push('resize', -1)
    await Promise.all(
      Array.from({ length: 300 }, (_, n) => pusher.push('resize', n, { id: `id ${n % 299}` })),
    )
    await until(() => done.flat().length === 299 && letters.length === 1)
    expect(new Set(done.flat()).size).toBe(299)
    expect(Math.min(...done.map((list) => list.length))).toBeGreaterThan(10)
    expect(attempts).toEqual([1, 2, 3])
    expect(letters).toEqual([['work', -1]])
    expect(codeOfCall(() => pusher.work('x', () => {}, { maxDeliver: 0 }))).toBe('ERR_OUT_OF_RANGE')
  })

  test('messages outlive a nats-server that is killed, and a worker that leaves in the middle', async () => {
    const running = await nats()
    const options = { url: running.url, channel: `work ${freshName()}` }
    const a = await machine(options)
    const b = await machine(options)
    await Promise.all(Array.from({ length: 20 }, (_, n) => a.nats.push('slow', n)))
    await running.kill()
    await running.start()
    const got: unknown[] = []
    // It takes one, and never says that it is done.
    b.nats.work('slow', (n) => {
      got.push(n)
      return new Promise(() => {})
    })
    await until(() => got.length === 1)
    await running.kill()
    await running.start()
    const done = new Set<unknown>()
    const c = await machine(options)
    c.nats.work('slow', (n) => done.add(n), { concurrency: 2 })
    await until(() => done.size === 19)
    expect(done.has(got[0])).toBe(false)
    void b.nats.close()
    void b.server.close({ graceMs: 0 })
    await until(() => done.size === 20)
  })
})

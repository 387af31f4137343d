/** Many threads at once. */
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { errorOf, expectNoLeak } from '@uds/testkit'
import { acting } from './actors.ts'
import { expectCode, pattern } from './expect.ts'
import { kindsHere } from './kinds.ts'

const THREADS = 8

describe.each(kindsHere)('$name', (kind) => {
  test('8 threads accept from one listener and echo; every client gets its own bytes back', async () => {
    const address = kind.fresh()
    const listener = kind.bind(address)
    const servers = await Promise.all(
      Array.from({ length: THREADS }, () =>
        acting({ do: 'serve', connections: 2 }, listener.tryClone().transfer()),
      ),
    )
    listener.close()
    const clients = Array.from({ length: 2 * THREADS }, (_, index) => {
      const client = kind.connectWithTimeout(address, 20_000)
      const data = Buffer.alloc(1000, index + 1)
      client.writeAll(data)
      client.setReadTimeout(20_000)
      return { client, data }
    })
    for (const { client, data } of clients) {
      expect(Buffer.from(client.readExact(data.length)).equals(data)).toBe(true)
      client.close()
    }
    for (const server of servers) expect((await server.done).code).toBeUndefined()
  }, 60_000)

  test('8 threads write to one stream: no byte is lost, and each write stays whole', async () => {
    const [a, b] = kind.pair()
    const SIZE = 40
    const COUNT = 250
    const block = (thread: number): Buffer => Buffer.alloc(SIZE, 65 + thread)
    const writers = Array.from(
      { length: THREADS },
      (_, thread) =>
        new Worker(new URL('./fixtures/writer.ts', import.meta.url), {
          workerData: { token: a.tryClone().transfer(), block: block(thread), count: COUNT },
          execArgv: ['--disable-warning=ExperimentalWarning'],
        }),
    )
    const ended = writers.map(
      (worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())),
    )
    a.close()
    b.setReadTimeout(20_000)
    const counts = Array.from({ length: THREADS }, () => 0)
    for (let got = 0; got < THREADS * COUNT; got += 1) {
      const [first = 0, ...rest] = b.readExact(SIZE)
      expect(rest.every((byte) => byte === first)).toBe(true)
      counts[first - 65] = (counts[first - 65] ?? 0) + 1
    }
    expect(b.read(Buffer.alloc(1))).toBe(0)
    expect(counts).toEqual(Array.from({ length: THREADS }, () => COUNT))
    await Promise.all(ended)
    b.close()
  }, 60_000)

  test('two threads that close at once close the handle once', async () => {
    await expectNoLeak(
      async () => {
        const [a, b] = kind.pair()
        const actors = await Promise.all([
          acting({ do: 'close' }, a.tryClone().transfer()),
          acting({ do: 'close' }, a.tryClone().transfer()),
        ])
        a.close()
        expect(b.read(Buffer.alloc(1), { timeoutMs: 20_000 })).toBe(0)
        b.close()
        await Promise.all(actors.map((each) => each.done))
      },
      { times: 4 },
    )
  }, 60_000)

  test('1000 connections leave no handle behind', async () => {
    await expectNoLeak(
      () => {
        const address = kind.fresh()
        const listener = kind.bind(address)
        for (let round = 0; round < 25; round += 1) {
          const client = kind.connect(address)
          const server = listener.accept()
          const clone = client.tryClone()
          client.writeAll(pattern(100))
          server.readExact(100)
          for (const each of [client, clone, server]) each.close()
        }
        listener.close()
      },
      { times: 40 },
    )
  }, 60_000)

  test('calls that fail leave no handle behind', async () => {
    await expectNoLeak(() => {
      const address = kind.fresh()
      const listener = kind.bind(address)
      const failing = [
        () => listener.accept({ timeoutMs: 0 }),
        () => kind.bind(address),
        () => kind.connectWithTimeout(kind.fresh(), 0),
      ]
      for (const call of failing) expect(errorOf(call)).toBeInstanceOf(Error)
      listener.close()
    })
    const [a, b] = kind.pair()
    await expectNoLeak(() => {
      expectCode('ETIMEDOUT', () => a.read(Buffer.alloc(1), { timeoutMs: 0 }))
      kind.Stream.fromTransfer(a.tryClone().transfer()).close()
    })
    a.close()
    b.close()
  }, 60_000)

  test('any split of the bytes into writes and reads gives the same bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 4000 }),
        (parts, size) => {
          const [a, b] = kind.pair()
          for (const part of parts) a.writeAll(part)
          a.close()
          const got: Buffer[] = []
          for (;;) {
            const buffer = Buffer.alloc(size)
            const bytes = b.read(buffer)
            if (bytes === 0) break
            got.push(buffer.subarray(0, bytes))
          }
          b.close()
          expect(Buffer.concat(got).equals(Buffer.concat(parts))).toBe(true)
        },
      ),
      { numRuns: 60, interruptAfterTimeLimit: 8000 },
    )
  })
})

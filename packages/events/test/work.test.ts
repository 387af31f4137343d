import { codeOf, codeOfCall, spawnScript, tempDir, until } from '@uds/testkit'
import { join as joinPath } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { contract, DeferError, type EventServer, type Job } from '@uds/events'
import { join, serve, usual, ways } from './fixtures/ends.ts'

interface Map {
  work: { resize: number; bytes: Uint8Array; text: string }
}

const once = (server: EventServer<Map>): unknown => server.work('resize', { attempts: 1 })

const numbers = (to: number): number[] => Array.from({ length: to }, (_, at) => at)

describe.each(ways)('over %s', (_, address) => {
  test('each message is done once, in turn, and no worker has more than it takes', async () => {
    const server = await serve<Map>(address())
    const queue = server.work('resize')
    const begun: Record<string, number[]> = { a: [], b: [], c: [] }
    let most = 0
    for (const name of ['a', 'b', 'c']) {
      const client = await join<Map>(server.address, { name })
      let busy = 0
      const work = async (data: number): Promise<void> => {
        begun[name]?.push(data)
        most = Math.max(most, ++busy)
        await sleep(1)
        busy--
      }
      client.work('resize', work, { concurrency: 2 })
    }
    await until(() => queue.workers === 3)
    const jobs = await Promise.all(numbers(60).map((each) => queue.push(each)))
    await Promise.all(jobs.map(({ done }) => done))
    const all = Object.values(begun)
    expect(all.flat().toSorted((a, b) => a - b)).toEqual(numbers(60))
    expect(most).toBe(2)
    // In order at each of them, and none of them left out.
    for (const each of all) {
      expect(each).toEqual(each.toSorted((a, b) => a - b))
      expect(each.length).toBeGreaterThan(10)
    }
    expect([queue.waiting, queue.running]).toEqual([0, 0])
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(60)
  })
})

test('messages wait for the first worker; bytes and every codec', async () => {
  const server = await serve<Map>()
  const queue = server.work('bytes')
  const bytes = await queue.push(Buffer.from([0, 255]))
  const text = await server.work('text').push('é漢字')
  expect(queue.waiting).toBe(1)
  const client = await join<Map>(server.address, { codec: 'raw' })
  const got: unknown[] = []
  client.work('bytes', (data) => got.push(data))
  await bytes.done
  client.work('text', (data) => got.push(String(data as unknown)))
  await text.done
  expect(got).toEqual([Buffer.from([0, 255]), 'é漢字'])
})

test('what fails is tried again, then it is a dead letter; what is put off counts no attempt', async () => {
  const server = await serve<Map>()
  const queue = server.work('resize', { attempts: 3 })
  const dead: [Job<number>, Error][] = []
  queue.on('deadLetter', (job, error) => dead.push([job, error]))
  const client = await join<Map>(server.address)
  const attempts: string[] = []
  const later = new Set<string>()
  client.work('resize', (data, { attempt, id }) => {
    attempts.push(`${data}/${attempt}`)
    if (data === 1) throw Object.assign(new Error('too large'), { code: 'E_LARGE' })
    if (data === 2 && attempt === 1) throw new Error('once')
    if (data === 3 && !later.has(id)) {
      later.add(id)
      throw new DeferError({ retryAfterMs: 5 })
    }
  })
  const [one, two, three] = await Promise.all([1, 2, 3].map((each) => queue.push(each)))
  expect(await codeOf(one?.done as Promise<void>)).toBe('ERR_DEAD_LETTER')
  await Promise.all([two?.done, three?.done])
  expect(attempts.toSorted()).toEqual(['1/1', '1/2', '1/3', '2/1', '2/2', '3/1', '3/1'])
  expect(dead).toHaveLength(1)
  expect(dead[0]?.[0]).toMatchObject({ data: 1, attempts: 3 })
  expect(dead[0]?.[1]).toMatchObject({ code: 'ERR_DEAD_LETTER', cause: { code: 'E_LARGE' } })
  const unheard = server.work('text', { attempts: 1 })
  client.work('text', () => Promise.reject(new Error('no')))
  await codeOf((await unheard.push('x')).done)
  expect(server.errors).toMatchObject([{ code: 'ERR_DEAD_LETTER' }])
})

test('what a killed process had goes to another worker, before what came later', async () => {
  const server = await serve<Map>()
  const queue = server.work('resize')
  const victim = spawnScript(joinPath(import.meta.dirname, 'fixtures/work-process.ts'), [
    server.address,
    'resize',
  ])
  const jobs = [await queue.push(1), await queue.push(2)]
  await victim.waitForLine(/begun 1 1/)
  await victim.kill('SIGKILL')
  await until(() => queue.workers === 0)
  const client = await join<Map>(server.address)
  const got: string[] = []
  client.work('resize', (data, { attempt }) => got.push(`${data}/${attempt}`))
  await Promise.all(jobs.map(({ done }) => done))
  expect(got).toEqual(['1/2', '2/1'])
})

test('an attempt that takes too long is given up: its signal aborts, and another worker gets the message', async () => {
  const server = await serve<Map>()
  const queue = server.work('resize', { timeoutMs: 50, attempts: 2 })
  const aborted = Promise.withResolvers<void>()
  const slow = await join<Map>(server.address)
  slow.work('resize', (_, { signal, attempt }) => {
    if (attempt === 2) return undefined
    signal.addEventListener('abort', () => aborted.resolve())
    return new Promise(() => {})
  })
  const job = await queue.push(1)
  await aborted.promise
  await job.done
  expect(job.attempts).toBe(2)
})

test('workers that come, stop and close lose nothing, and what they have they finish', async () => {
  const server = await serve<Map>()
  const queue = server.work('resize')
  const done: number[] = []
  const jobs = await Promise.all(numbers(300).map((each) => queue.push(each)))
  const work = async (data: number): Promise<void> => {
    await sleep(0)
    done.push(data)
  }
  for (let round = 0; round < 6; round++) {
    const before = done.length
    const client = await join<Map>(server.address)
    const worker = client.work('resize', work, { concurrency: 10 })
    await until(() => done.length > before + 20)
    await (round % 2 === 0 ? worker.stop() : client.close())
    if (round % 2 === 0) expect(() => client.work('resize', work)).not.toThrow()
  }
  await Promise.all(jobs.map((job) => job.done))
  expect(done.toSorted((a, b) => a - b)).toEqual(numbers(300))
  expect(jobs.every(({ attempts }) => attempts === 1)).toBe(true)
})

test('a full queue holds push back, and the closing of the server is heard', async () => {
  const server = await serve<Map>()
  const queue = server.work('resize', { limit: 2 })
  const jobs = await Promise.all([queue.push(1), queue.push(2)])
  const held = [queue.push(3), queue.push(4)]
  expect(await codeOf(queue.push(5))).toBe('ERR_QUEUE_FULL')
  expect(queue.waiting).toBe(2)
  const client = await join<Map>(server.address)
  const got: number[] = []
  const worker = client.work('resize', (data) => got.push(data))
  jobs.push(...(await Promise.all(held)))
  await Promise.all(jobs.map(({ done }) => done))
  expect(got).toEqual([1, 2, 3, 4])
  await worker.stop()
  const left = await queue.push(6)
  await server.close()
  expect(await codeOf(left.done)).toBe('ERR_CLOSED')
  expect(await codeOf(queue.push(7))).toBe('ERR_CLOSED')
})

test('with a journal messages and dead letters outlive the server', async () => {
  const path = joinPath(tempDir(), 'journal')
  const address = usual()
  const first = await serve<Map>(address, { journal: { path } })
  const one = first.work('resize', { attempts: 1 })
  const [done, left] = [await one.push(1), await one.push(2)]
  const client = await join<Map>(first.address, { reconnect: { maxMs: 20 } })
  let holds = true
  const got: string[] = []
  client.work('resize', (data, { attempt }) => {
    got.push(`${data}/${attempt}`)
    if (data === 2 && holds) return new Promise(() => {})
    if (data === 3) throw new Error('never')
    return undefined
  })
  await done.done
  await until(() => got.length === 2)
  const fails = await one.push(3)
  const here = await one.push(4)
  holds = false
  await first.close({ graceMs: 0 })
  expect(await codeOf(left.done)).toBe('ERR_DEAD_LETTER')
  expect(await codeOf(fails.done)).toBe('ERR_CLOSED')
  expect(await codeOf(here.done)).toBe('ERR_CLOSED')

  const second = await serve<Map>(first.address, { journal: { path }, setUp: once as never })
  await until(() => second.errors.length === 1)
  await until(() => second.work('resize').waiting + second.work('resize').running === 0)
  expect(got).toEqual(['1/1', '2/1', '3/1', '4/1'])
  await second.close()

  const third = await serve<Map>(usual(), { journal: { path } })
  const dead: number[] = []
  third.work('resize').on('deadLetter', ({ data }) => dead.push(data))
  expect(dead).toEqual([2, 3])
  await third.close()
  const fourth = await serve<Map>(usual(), { journal: { path } })
  fourth.work('resize').on('deadLetter', ({ data }) => dead.push(data))
  expect(dead).toEqual([2, 3])
  expect(fourth.work('resize').waiting).toBe(0)
})

test('what cannot be is refused in words', async () => {
  const server = await serve<Map>()
  server.work('resize', { attempts: 2 })
  expect(codeOfCall(() => server.work('resize', { attempts: 3 }))).toBe('ERR_INVALID_ARG_VALUE')
  expect(codeOfCall(() => server.work('text', { attempts: 0 }))).toBe('ERR_OUT_OF_RANGE')
  expect(codeOfCall(() => server.work('text', { attempt: 1 } as never))).toBe('ERR_INVALID_ARG_VALUE')
  expect(codeOfCall(() => server.work('x'.repeat(250) as never))).toBe('ERR_INVALID_ARG_VALUE')
  const client = await join<Map>(server.address)
  const refused = client.once('error')
  client.work('text', () => {})
  expect((await refused)[0]).toMatchObject({
    code: 'ERR_NO_HANDLER',
    message: expect.stringContaining("'text'") as string,
  })
  expect(codeOfCall(() => client.work('text', () => {}))).toBe('ERR_INVALID_ARG_VALUE')
  expect(codeOfCall(() => client.work('resize', 1 as never))).toBe('ERR_INVALID_ARG_TYPE')
})

test('a contract checks messages where they are done', async () => {
  const number = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) =>
        typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] },
    },
  } as const
  const checked = contract({ work: { resize: number } })
  const server = await serve(usual(), { contract: checked })
  const queue = server.work('resize', { attempts: 1 }).on('deadLetter', () => {})
  const client = await join(server.address, { contract: checked })
  const got: number[] = []
  client.work('resize', (data) => got.push(data))
  await (
    await queue.push(1)
  ).done
  const bad = await queue.push('x' as never)
  const error: unknown = await bad.done.catch((reason: unknown) => reason)
  expect(error).toMatchObject({ cause: { code: 'ERR_VALIDATION' } })
  expect(got).toEqual([1])
})

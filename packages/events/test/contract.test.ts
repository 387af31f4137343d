import { codeOf, until } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { contract, type StandardSchema } from '@uds/events'
import { join, serve, usual } from './fixtures/ends.ts'

/** A schema of the smallest library there can be. */
const schema = <T>(what: string, is: (value: unknown) => value is T, later = false): StandardSchema<T> => ({
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const result = is(value) ? { value } : { issues: [{ message: `must be ${what}`, path: ['here'] }] }
      return later ? new Promise((resolve) => setImmediate(() => resolve(result))) : result
    },
  },
})
const text = schema('text', (value) => typeof value === 'string')
const number = schema('a number', (value) => typeof value === 'number')
const slowText = schema('text', (value) => typeof value === 'string', true)

const chat = contract({
  events: { say: text, slow: slowText },
  toServer: { up: number },
  toClient: { down: number },
  requests: {
    double: { input: number, output: number },
    count: { input: number, output: number, stream: true },
    now: { output: number },
  },
})

describe('a contract', () => {
  test('checks what arrives, at both ends', async () => {
    const server = await serve(usual(), { contract: chat })
    const got: unknown[] = []
    server.on('say', (value) => got.push(value))
    server.handle('double', (input) => (input === 13 ? ('unlucky' as unknown as number) : input * 2))
    const client = await join(server.address, { contract: chat })
    client.emit('say', 'hello')
    client.emit('say', 1 as unknown as string)
    expect(await client.request('double', 4)).toBe(8)
    expect(await codeOf(client.request('double', 'x' as unknown as number))).toBe('ERR_VALIDATION')
    expect(await codeOf(client.request('double', 13))).toBe('ERR_VALIDATION')
    expect(await codeOf(client.send('say', 5 as unknown as string))).toBe('ERR_VALIDATION')
    expect(got).toEqual(['hello'])
    expect(server.errors[0]?.message).toMatch(/say: here: must be text/)
  })

  test('refuses names that it does not have, and directions', async () => {
    const server = await serve(usual(), { contract: chat })
    const stranger = await join(server.address)
    expect(await codeOf(stranger.send('other', 1))).toBe('ERR_VALIDATION')
    expect(await codeOf(stranger.send('down', 1))).toBe('ERR_VALIDATION')
    expect(await codeOf(stranger.request('other', 1))).toBe('ERR_NO_HANDLER')
  })

  test('keeps the order when a schema answers later', async () => {
    const server = await serve(usual(), { contract: chat })
    const got: unknown[] = []
    server.on('say', (value) => got.push(value))
    server.on('slow', (value) => got.push(value))
    const client = await join(server.address, { contract: chat })
    for (let at = 0; at < 20; at++) client.emit(at % 3 === 0 ? 'slow' : 'say', String(at))
    await until(() => got.length === 20)
    expect(got).toEqual(Array.from({ length: 20 }, (_, at) => String(at)))
  })

  test('checks the items of a stream', async () => {
    const server = await serve(usual(), { contract: chat })
    server.handle('count', async function* (upTo) {
      for (let at = 0; at < upTo; at++) yield at === 3 ? ('three' as unknown as number) : at
    })
    const client = await join(server.address, { contract: chat })
    const got: number[] = []
    const read = async (): Promise<void> => {
      for await (const item of client.stream('count', 10)) got.push(item)
    }
    expect(await codeOf(read())).toBe('ERR_VALIDATION')
    expect(got).toEqual([0, 1, 2])
  })

  test('of something else than schemas is refused', () => {
    expect(() => contract({ events: { a: {} as StandardSchema } })).toThrow(/a must be a Standard Schema/)
    expect(() => contract({ events: { error: text } })).toThrow(/choose another/)
  })
})

describe('middleware', () => {
  test('sees everything in order, changes data, answers and swallows', async () => {
    const server = await serve(usual())
    const seen: string[] = []
    server.use(async (message, next) => {
      seen.push(`${message.kind}:${message.name}`)
      if (message.name === 'swallow') return undefined
      if (message.name === 'answer') return 'from the middleware'
      if (message.name === 'refuse') throw Object.assign(new Error('not you'), { code: 'E_REFUSED' })
      if (message.kind === 'emit') message.data = `${String(message.data)}!`
      return await next()
    })
    const got: unknown[] = []
    server.on('say', (data) => got.push(data))
    server.on('swallow', (data) => got.push(data))
    server.handle('answer', () => 'from the handler')
    server.handle('plain', () => 'plain')
    server.handle('refuse', () => 'never')
    const client = await join(server.address)
    client.emit('swallow', 1)
    client.emit('say', 'hi')
    expect(await client.request('answer')).toBe('from the middleware')
    expect(await client.request('plain')).toBe('plain')
    expect(await codeOf(client.request('refuse'))).toBe('E_REFUSED')
    await client.send('say', 'kept')
    expect(got).toEqual(['hi!', 'kept'])
    expect(seen).toEqual([
      'emit:swallow',
      'emit:say',
      'request:answer',
      'request:plain',
      'request:refuse',
      'send:say',
    ])
  })

  test('that calls next twice is told so', async () => {
    const server = await serve(usual())
    server.use(async (_message, next) => {
      await next()
      return await next()
    })
    server.handle('x', () => 1)
    const client = await join(server.address)
    await expect(client.request('x')).rejects.toThrow(/next\(\) twice/)
  })
})

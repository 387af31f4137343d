import { codeOf, tempDir, until } from '@uds/testkit'
import { createReadStream, writeFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { contract, type EventServer, RemoteError } from '@uds/events'
import { listen } from '@uds/stream'
import { encodeFrame, Flag, FrameType } from '../src/wire/frame.ts'
import { byHand, name } from './fixtures/by-hand.ts'
import { cuttable, join, serve, usual, ways } from './fixtures/ends.ts'

interface Files {
  requests: {
    upload(parts: AsyncIterable<Uint8Array>): number
    talk(lines: AsyncIterable<string>): AsyncIterable<string>
    first(items: AsyncIterable<unknown>): unknown
  }
  clientRequests: { sum(numbers: AsyncIterable<number>): number }
}

const input = (id: number): Buffer => encodeFrame(FrameType.input, 0, 0, id, '1')

/** A source that counts what was taken of it, and whether it was ended. */
const source = (most = Infinity, item: () => unknown = () => Buffer.alloc(64 * 1024)) => {
  const state = { taken: 0, ended: false }
  const items = (async function* () {
    try {
      for (; state.taken < most; state.taken++) yield item()
    } finally {
      state.ended = true
    }
  })()
  return { state, items: items as AsyncIterable<never> }
}

const counting = (server: EventServer<Files>): void => {
  server.handle('upload', async (parts) => {
    let bytes = 0
    for await (const part of parts) bytes += part.length
    return bytes
  })
}

describe.each(ways)('over %s', (_, address) => {
  test('files, web streams and generators arrive whole, as bytes and as values', async () => {
    const server = await serve<Files>(address())
    counting(server)
    server.handle('talk', async function* (lines) {
      for await (const line of lines) yield line.toUpperCase()
    })
    const client = await join<Files>(server.address)
    client.handle('sum', async (numbers) => {
      let sum = 0
      for await (const number of numbers) sum += number
      return sum
    })
    const file = joinPath(tempDir(), 'file')
    writeFileSync(file, Buffer.alloc(3_000_000, 'x'))
    expect(await client.request('upload', createReadStream(file))).toBe(3_000_000)
    expect(await client.request('upload', new Blob([Buffer.alloc(200_000)]).stream())).toBe(200_000)
    expect(await client.request('upload', Readable.from([]))).toBe(0)
    const words = (async function* () {
      yield 'one'
      yield '漢字 é'
    })()
    const answers: string[] = []
    for await (const answer of client.stream('talk', words)) answers.push(answer)
    expect(answers).toEqual(['ONE', '漢字 É'])
    const sum = server.peers[0]?.request('sum', ReadableStream.from([1, 2, 3]))
    expect(await sum).toBe(6)
  })
})

test('each side of a conversation sees what the other said before it says more', async () => {
  const server = await serve<Files>()
  server.handle('talk', async function* (lines) {
    for await (const line of lines) yield `echo ${line}`
  })
  const client = await join<Files>(server.address)
  const said = new TransformStream<string, string>()
  const writer = said.writable.getWriter()
  const answers = client.stream('talk', said.readable)
  for (const word of ['a', 'b', 'c']) {
    const answer = answers.next()
    void writer.write(word)
    expect((await answer).value).toBe(`echo ${word}`)
  }
  void writer.close()
  expect((await answers.next()).done).toBe(true)
})

test('a handler that does not read holds the source back, and one that stops ends it', async () => {
  const server = await serve<Files>()
  const go = Promise.withResolvers<void>()
  server.handle('first', async (items) => {
    const iterator = items[Symbol.asyncIterator]()
    const { value } = await iterator.next()
    await go.promise
    await iterator.return?.()
    return (value as Buffer).length
  })
  const client = await join<Files>(server.address)
  const { state, items } = source()
  const reply = client.request('first', items)
  // 1 MiB of credit: 16 frames, the last of which goes a little beyond it. A part counts when the next is asked for.
  await until(() => state.taken >= 15)
  for (let round = 0; round < 3; round++) await client.ping()
  expect(state.taken).toBe(15)
  expect(state.ended).toBe(false)
  go.resolve()
  expect(await reply).toBe(64 * 1024)
  await until(() => state.ended)
  // Other requests of the connection were not held up, and the server remembers nothing.
  expect(server.errors).toEqual([])
})

test('an answer before the end of the input ends the source, and so does an error', async () => {
  const server = await serve<Files>()
  server.handle('first', () => 'at once')
  server.handle('upload', async (parts) => {
    for await (const part of parts) throw Object.assign(new Error(`no ${part.length}`), { code: 'E_FULL' })
    return 0
  })
  const client = await join<Files>(server.address)
  const one = source()
  expect(await client.request('first', one.items)).toBe('at once')
  const two = source()
  expect(await codeOf(client.request('upload', two.items))).toBe('E_FULL')
  await until(() => two.state.ended)
  // It was never begun, and a generator that was not begun has nothing to end.
  expect(one.state.taken).toBe(0)
  const file = createReadStream(import.meta.filename)
  expect(await codeOf(client.request('talk' as 'upload', file))).toBe('ERR_NO_HANDLER')
  await until(() => file.destroyed)
})

test('a caller that cancels ends its source and the reader of the handler, also one that hangs', async () => {
  const server = await serve<Files>()
  const ends: unknown[] = []
  const begun = Promise.withResolvers<void>()
  server.handle('upload', async (parts, { signal }) => {
    begun.resolve()
    try {
      for await (const _ of parts);
    } catch (error) {
      ends.push((error as { code: string }).code, signal.aborted)
    }
    return 0
  })
  const client = await join<Files>(server.address)
  const hanging = new Readable({ read() {} })
  const stop = new AbortController()
  const reply = client.request('upload', hanging, { signal: stop.signal })
  await begun.promise
  stop.abort(Object.assign(new Error('enough'), { code: 'E_ENOUGH' }))
  expect(await codeOf(reply)).toBe('E_ENOUGH')
  await until(() => hanging.destroyed && ends.length === 2)
  expect(ends).toEqual(['ERR_DISCONNECTED', true])
  // Nothing was written, so nothing is sent; the source is ended all the same.
  const late = new Readable({ read() {} })
  expect(await codeOf(client.request('upload', late, { signal: stop.signal }))).toBe('E_ENOUGH')
  expect(late.destroyed).toBe(true)
})

test('a source that fails fails the request, and the handler sees why', async () => {
  const server = await serve<Files>()
  const seen: unknown[] = []
  server.handle('upload', async (parts) => {
    try {
      for await (const part of parts) seen.push(part.length)
    } catch (error) {
      seen.push(error)
    }
    return 0
  })
  const client = await join<Files>(server.address)
  expect(await codeOf(client.request('upload', createReadStream('/no/such/file')))).toBe('ENOENT')
  await until(() => seen.length === 1)
  expect(seen[0]).toBeInstanceOf(RemoteError)
  expect(seen[0]).toMatchObject({ code: 'ENOENT' })
  const cannot = (async function* () {
    yield Buffer.from('ok')
    yield 1n as never
  })()
  expect(await codeOf(client.request('upload', cannot))).toBe('ERR_BAD_PAYLOAD')
  await until(() => seen.length === 3)
  expect(seen.slice(1)).toMatchObject([2, { code: 'ERR_BAD_PAYLOAD' }])
  const locked = new ReadableStream<Uint8Array>()
  locked.getReader()
  expect(await codeOf(client.request('upload', locked))).toBe('ERR_INVALID_STATE')
})

test('the time of a request counts while the other end is waited for, not while the source is', async () => {
  const server = await serve<Files>()
  counting(server)
  server.handle('first', () => new Promise(() => {}))
  const client = await join<Files>(server.address)
  const slow = (async function* () {
    const { promise, resolve } = Promise.withResolvers<void>()
    setTimeout(resolve, 120)
    yield Buffer.from('a')
    await promise
    yield Buffer.from('b')
  })()
  expect(await client.request('upload', slow, { timeoutMs: 50 })).toBe(2)
  const { state, items } = source()
  expect(await codeOf(client.request('first', items, { timeoutMs: 50 }))).toBe('ETIMEDOUT')
  expect(state.taken).toBe(0)
})

test('a lost connection ends the source, and the reader', async () => {
  const { transport, cut } = cuttable()
  const server = await serve<Files>(`memory:${crypto.randomUUID()}`, { transport })
  let code: unknown
  server.handle('upload', async (parts) => {
    try {
      for await (const _ of parts);
    } catch (error) {
      code = (error as { code: unknown }).code
    }
    return 0
  })
  const client = await join<Files>(server.address, { transport })
  const { state, items } = source(Infinity, () => setImmediate(Buffer.from('x')))
  const reply = client.request('upload', items)
  await until(() => state.taken > 3)
  cut()
  expect(await codeOf(reply)).toBe('ERR_DISCONNECTED')
  await until(() => state.ended && code === 'ERR_DISCONNECTED')
})

test('many uploads at once share the connection, within its bounds', async () => {
  const server = await serve<Files>()
  counting(server)
  const client = await join<Files>(server.address)
  const all = Array.from({ length: 200 }, () => client.request('upload', source(6).items))
  expect(new Set(await Promise.all(all))).toEqual(new Set([6 * 64 * 1024]))
  expect(client.connected).toBe(true)
  expect(server.errors).toEqual([])
})

test('a contract checks each item, and whether there is a stream', async () => {
  const number = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) =>
        typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] },
    },
  } as const
  const checked = contract({
    requests: { sum: { input: number, output: number, streamInput: true }, one: { input: number } },
  })
  const server = await serve(usual(), { contract: checked })
  server.handle('sum', async (numbers) => {
    let sum = 0
    for await (const each of numbers) sum += each
    return sum
  })
  server.handle('one', (given) => given)
  const client = await join(server.address, { contract: checked })
  expect(await client.request('sum', ReadableStream.from([1, 2]))).toBe(3)
  expect(await codeOf(client.request('sum', ReadableStream.from([1, 'x' as never])))).toBe('ERR_VALIDATION')
  expect(await codeOf(client.request('sum', 1 as never))).toBe('ERR_VALIDATION')
  expect(await codeOf(client.request('one', ReadableStream.from([1]) as never))).toBe('ERR_VALIDATION')
})

test('an event with a stream is refused, and so is a stream inside of a value that is one', async () => {
  const server = await serve()
  const client = await join(server.address)
  expect(await codeOf(client.send('say', source().items))).toBe('ERR_BAD_PAYLOAD')
  expect(() => client.emit('say', source().items)).toThrow('a stream cannot be one payload')
})

test('an older end is not sent what it does not know, and says so when it is required', async () => {
  const server = await serve<Files>()
  const old = await byHand(server.address)
  await until(() => server.peers.length === 1)
  const { items } = source()
  const error: unknown = await server.peers[0]?.request('sum', items).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED_OPTION' })
  expect((error as Error).message).toContain('the version of the other end does not know')
  expect(old.frames.some(({ type }) => type === FrameType.request)).toBe(false)

  const listener = await listen(usual())
  const hellos = Promise.withResolvers<string>()
  listener.on('connection', (connection) => {
    connection.on('error', () => {})
    connection.once('data', (bytes: Buffer) => {
      hellos.resolve(bytes.toString('latin1'))
      connection.destroy()
    })
  })
  await codeOf(join(listener.address, { require: ['streamInput'] }))
  expect(await hellos.promise).toContain('"require":["streamInput"]')
  await listener.close()
  expect(await codeOf(join(server.address, { require: ['nope' as never] }))).toBe('ERR_INVALID_ARG_VALUE')
  const modern = await join<Files>(server.address, { require: ['streamInput'] })
  expect(modern.connected).toBe(true)
})

test('an input beyond the credit ends the connection; one of a request that is over is ignored', async () => {
  const server = await serve<Files>()
  server.handle('first', () => new Promise(() => {}))
  const peer = await byHand(server.address)
  peer.connection.write(Buffer.concat([input(7), encodeFrame(FrameType.inputEnd, 0, 0, 7, undefined)]))
  await until(() => server.peers.length === 1)
  expect(peer.code()).toBeUndefined()
  peer.connection.write(
    Buffer.concat([name(1, 'first'), encodeFrame(FrameType.request, Flag.input, 1, 7, undefined), input(7)]),
  )
  expect(await peer.closed).toBe('ERR_PROTOCOL')
})

import { once } from 'node:events'
import { RemotePeer, type ServerPeer } from '@uds/events'
import { codeOf, freshName, rejectionOf, until } from '@uds/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RunningNats } from '@uds/nats-server'
import { machine, nats, natsServer } from './fixtures/machines.ts'

interface Chat {
  events: { say: { text: string }; bytes: Uint8Array; secret: string; nothing: undefined; 'sensor.1': number }
  requests: {
    add(input: { a: number; b: number }): number
    fail(code: string): never
    hang(): void
    whoami(): { machine: string | undefined; name: string | undefined }
    count(to: number): AsyncIterable<number>
    bytes(input: Uint8Array): Uint8Array
    mine(): string
    enter(room: string): void
    upload(parts: AsyncIterable<number>): number
  }
}

const forward = {
  events: ['say', 'bytes', 'nothing', 'sensor.*'],
  rooms: ['room', 'other'],
  requests: ['add', 'fail', 'hang', 'whoami', 'count', 'bytes', 'enter', 'upload'],
} as const

describe.skipIf(natsServer === undefined)('one channel of two machines', () => {
  let running: RunningNats
  beforeAll(async () => {
    running = await nats()
  })

  const two = async () => {
    const channel = `test.${freshName()}`
    const options = { url: running.url, channel, forward }
    const a = await machine<Chat>(options)
    const b = await machine<Chat>(options)
    return { a, b, options }
  }

  test('what a server broadcasts is heard by the clients of both, once, in order', async () => {
    const { a, b } = await two()
    const heard: unknown[][] = [[], []]
    for (const [at, each] of [a, b].entries()) {
      const client = await each.client()
      client.on('say', ({ text }) => heard[at]?.push(text))
    }
    const texts = Array.from({ length: 500 }, (_, n) => `text ${n} \u00e9 \u{1f600}`)
    for (const text of texts) a.server.broadcast('say', { text })
    await until(() => heard.every((list) => list.length === 500))
    expect(heard).toEqual([texts, texts])
  })

  test('bytes and nothing at all arrive as they are; what the list does not name stays', async () => {
    const { a, b } = await two()
    const client = await b.client()
    const got: unknown[] = []
    client.on('bytes', (data) => got.push(Buffer.from(data).toString('hex')))
    client.on('nothing', (data) => got.push(data))
    client.on('secret', (data) => got.push(data))
    client.on('sensor.1', (data) => got.push(data))
    a.server.broadcast('secret', 'stays')
    a.server.broadcast('bytes', new Uint8Array([0, 255, 10]))
    a.server.broadcast('nothing')
    a.server.broadcast('sensor.1', 7)
    await until(() => got.length === 3)
    expect(got).toEqual(['00ff0a', undefined, 7])
  })

  test('rooms are joined over machines; a room without members here costs nothing here', async () => {
    const { a, b } = await two()
    const inRoom = await b.client({ name: 'in' })
    const outside = await b.client({ name: 'out' })
    const got: string[] = []
    inRoom.on('say', ({ text }) => got.push(`in ${text}`))
    outside.on('say', ({ text }) => got.push(`out ${text}`))
    a.server.to('room').emit('say', { text: 'early' })
    await a.nats.flush()
    b.server.peer('in')?.join('room')
    await b.nats.flush()
    a.server.to('room').emit('say', { text: 'one' })
    a.server.to('room', 'other').emit('say', { text: 'two' })
    a.server.to('private').emit('say', { text: 'stays' })
    await until(() => got.length === 2)
    b.server.peer('in')?.leave('room')
    await b.nats.flush()
    a.server.to('room').emit('say', { text: 'late' })
    a.server.broadcast('say', { text: 'all' })
    await until(() => got.length === 4)
    expect(got.toSorted()).toEqual(['in all', 'in one', 'in two', 'out all'])
  })

  test('an event that no listener here wants goes to those elsewhere, with a peer that can be spoken to', async () => {
    const { a, b } = await two()
    const ann = await a.client({ name: 'ann' })
    const bob = await a.client({ name: 'bob' })
    const eve = await b.client({ name: 'eve' })
    const got: string[] = []
    for (const [name, client] of Object.entries({ ann, bob, eve }))
      client.on('say', ({ text }) => got.push(`${name} ${text}`))
    let from: ServerPeer<Chat> | undefined
    b.server.on('say', (message, peer) => {
      from = peer
      b.server.broadcast('say', message, { except: peer })
      peer.emit('say', { text: 'only you' })
    })
    ann.emit('say', { text: 'hi' })
    await until(() => got.length === 3)
    expect(got.toSorted()).toEqual(['ann only you', 'bob hi', 'eve hi'])
    expect(from).toBeInstanceOf(RemotePeer)
    expect([from?.name, from?.machine]).toEqual(['ann', a.nats.machine])
    expect(await codeOf(from?.send('say', { text: '' }) ?? Promise.resolve())).toBe('ENOTSUP')
    expect(from?.id).not.toContain(a.server.peer('ann')?.id)
  })

  test('a request is answered by the machine that handles it, with its errors; this machine goes first', async () => {
    const { a, b } = await two()
    b.server.handle('add', ({ a: x, b: y }) => x + y)
    b.server.handle('fail', (code) => {
      throw Object.assign(new RangeError('no such thing'), { code })
    })
    b.server.handle('bytes', (input) => Buffer.concat([input, input]))
    b.server.handle('whoami', (_, { peer }) => ({ machine: peer.machine, name: peer.name }))
    await b.nats.flush()
    const client = await a.client({ name: 'ann' })
    expect(await client.request('add', { a: 1, b: 2 })).toBe(3)
    expect(await client.request('whoami')).toEqual({ machine: a.nats.machine, name: 'ann' })
    expect(await client.request('bytes', new Uint8Array([1, 2]))).toEqual(Buffer.from([1, 2, 1, 2]))
    const error = await rejectionOf(client.request('fail', 'E_MINE'))
    expect(error).toMatchObject({ message: 'no such thing', code: 'E_MINE', remoteName: 'RangeError' })
    expect(await codeOf(client.request('mine'))).toBe('ERR_NO_HANDLER')
    expect(await codeOf(client.request('hang'))).toBe('ERR_NO_HANDLER')
    a.server.handle('add', () => -1)
    expect(await client.request('add', { a: 1, b: 2 })).toBe(-1)
    a.server.removeHandler('add')
    b.server.removeHandler('add')
    await b.nats.flush()
    expect(await codeOf(client.request('add', { a: 1, b: 2 }))).toBe('ERR_NO_HANDLER')
  })

  test('one of several machines gets a request; all of them get some', async () => {
    const { a, b, options } = await two()
    const c = await machine<Chat>(options)
    const counts = [0, 0]
    for (const [at, each] of [b, c].entries())
      each.server.handle('add', ({ a: x, b: y }) => {
        counts[at] = (counts[at] ?? 0) + 1
        return x + y
      })
    await Promise.all([b.nats.flush(), c.nats.flush()])
    const client = await a.client()
    const sums = await Promise.all(
      Array.from({ length: 200 }, (_, n) => client.request('add', { a: n, b: 1 })),
    )
    expect(sums).toEqual(Array.from({ length: 200 }, (_, n) => n + 1))
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(200)
    expect(Math.min(...counts)).toBeGreaterThan(20)
  })

  test('a caller that gives up aborts the handler on the other machine; a time limit is the caller\u2019s', async () => {
    const { a, b } = await two()
    const aborted: unknown[] = []
    b.server.handle('hang', async (_, { signal }) => {
      await once(signal, 'abort')
      aborted.push(signal.reason)
    })
    await b.nats.flush()
    const client = await a.client()
    expect(await codeOf(client.request('hang', { timeoutMs: 50 }))).toBe('ETIMEDOUT')
    await until(() => aborted.length === 1)
    const controller = new AbortController()
    const asked = client.request('hang', { signal: controller.signal })
    await until(() => a.server.peers.length === 1)
    controller.abort(new Error('enough'))
    expect((await rejectionOf(asked)).message).toBe('enough')
    await until(() => aborted.length === 2)
  })

  test('a stream is read at the reader\u2019s pace, and ends when the reader leaves', async () => {
    const { a, b } = await two()
    let made = 0
    let ended = 0
    b.server.handle('count', async function* (to) {
      try {
        for (let n = 0; n < to; n++) {
          made++
          yield n
        }
        if (to === 3) throw Object.assign(new Error('after three'), { code: 'E_THREE' })
      } finally {
        ended++
      }
    })
    await b.nats.flush()
    const client = await a.client()
    const all: number[] = []
    for await (const n of client.stream('count', 1000)) all.push(n)
    expect(all).toEqual(Array.from({ length: 1000 }, (_, n) => n))
    made = 0
    for await (const n of client.stream('count', 1_000_000)) if (n === 5) break
    await until(() => ended === 2)
    expect(made).toBeLessThan(1000)
    const got: number[] = []
    const read = async (): Promise<void> => {
      for await (const n of client.stream('count', 3)) got.push(n)
    }
    expect(await codeOf(read())).toBe('E_THREE')
    expect(got).toEqual([0, 1, 2])
  })

  test('a handler elsewhere puts the client that asks into a room of its own server', async () => {
    const { a, b } = await two()
    b.server.handle('enter', (room, { peer }) => peer.join(room))
    await b.nats.flush()
    const client = await a.client({ name: 'ann' })
    await client.request('enter', 'room')
    await until(() => a.server.peer('ann')?.rooms.includes('room') === true)
    expect(await codeOf(client.request('enter', 'private'))).toBe('ENOTSUP')
    const heard = client.once('say')
    b.server.to('room').emit('say', { text: 'in' })
    expect((await heard)[0]).toEqual({ text: 'in' })
  })

  test('what cannot leave is refused in words, before it leaves', async () => {
    const { a, b } = await two()
    b.server.handle('bytes', (input) => input)
    b.server.handle('upload', async () => 0)
    await b.nats.flush()
    const client = await a.client()
    const error = await rejectionOf(client.request('bytes', new Uint8Array(1_200_000)))
    expect(error).toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' })
    expect(error.message).toMatch(/1200000 bytes.*max_payload/)
    const input = (async function* (): AsyncGenerator<number> {
      yield 1
    })()
    expect(await codeOf(client.request('upload', input))).toBe('ENOTSUP')
    a.server.broadcast('bytes', new Uint8Array(1_200_000))
    await until(() => a.errors.length === 1)
    expect(a.errors[0]).toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' })
  })

  test('names of any kind are one token each', async () => {
    const channel = `\u00fc * > ${freshName()} .`
    const names = ['a.b', '.', ' ', '\u{1f600}', 'x'.repeat(255)]
    const options = { url: running.url, channel, forward: { events: names, rooms: names } }
    const a = await machine(options)
    const b = await machine(options)
    const client = await b.client({ name: 'in' })
    const got: string[] = []
    for (const name of names) client.on(name, () => got.push(name))
    for (const name of names) b.server.peer('in')?.join(name)
    await b.nats.flush()
    for (const name of names) a.server.to(name).emit(name, 1)
    await until(() => got.length === names.length)
    expect(got.toSorted()).toEqual(names.toSorted())
  })
})

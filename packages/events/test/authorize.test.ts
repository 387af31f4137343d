import { describe, expect, onTestFinished, test } from 'vitest'
import { listen, memory, provideCredentials } from '@uds/stream'
import { codeOf, freshName, rejectionOf, until } from '@uds/testkit'
import { type ClientOptions, EventClient, EventServer, type ServerOptions } from '@uds/events'
import { encodeFrame, FrameType } from '../src/wire/frame.ts'
import { name, byHand } from './fixtures/by-hand.ts'
import { join, serve, usual, watched } from './fixtures/ends.ts'
import { asUser } from './fixtures/users.ts'

describe('authorize', () => {
  test.each([
    ['the word no', 'no'],
    ['one', 1],
    ['an object', { allowed: false }],
    ['undefined', undefined],
    ['a promise of a word', Promise.resolve('yes')],
    ['a promise of an object', Promise.resolve({})],
    ['a function', () => true],
  ])('refuses on %s: only true lets in', async (_, answer) => {
    const server = await serve(usual(), { authorize: () => answer as never })
    expect(await codeOf(EventClient.connect(server.address))).toBe('ERR_UNAUTHORIZED')
    expect(server.peers).toEqual([])
  })

  test('what it throws, or rejects with, the server hears, and the client nothing of it', async () => {
    for (const authorize of [
      () => {
        throw Object.assign(new Error('connect to db.internal failed'), { code: 'EDB' })
      },
      () => Promise.reject(Object.assign(new Error('connect to db.internal failed'), { code: 'EDB' })),
    ]) {
      const server = await serve(usual(), { authorize })
      const error = await rejectionOf(EventClient.connect(server.address))
      expect(error).toMatchObject({ code: 'ERR_UNAUTHORIZED' })
      expect(`${error.message} ${String(error.cause)}`).not.toContain('db.internal')
      await until(() => server.errors.length > 0)
      expect(server.errors[0]).toMatchObject({ code: 'EDB', message: 'connect to db.internal failed' })
    }
  })

  test("'sameUser' that cannot be asked fails at listen, in words, and leaves nothing open", async () => {
    for (const address of ['tcp:127.0.0.1:0', 'vsock:any:any']) {
      const error = await rejectionOf(EventServer.listen(address, { authorize: 'sameUser' }))
      expect(error).toMatchObject({ code: 'ENOTSUP', syscall: 'listen' })
      expect(error.message).toContain('credentials')
    }
    const blind = { ...memory, capabilities: { ...memory.capabilities, credentials: false } }
    const options = { authorize: 'sameUser', transport: blind } as const
    expect(await codeOf(EventServer.listen(`memory:${freshName()}`, options))).toBe('ENOTSUP')
  })

  test("'sameUser' lets this user in, and no other, and reports why nobody could be asked", async () => {
    const server = await serve(`memory:${freshName()}`, { authorize: 'sameUser' })
    await join(server.address)
    const other = (process.geteuid?.() ?? 0) + 1
    const transport = asUser(server, other, 1)
    expect(await codeOf(EventClient.connect('x', { transport }))).toBe('ERR_UNAUTHORIZED')
    expect(server.peers).toHaveLength(1)
  })

  test('joinable lets in on exactly true, and what it throws the server hears', async () => {
    const answers: Record<string, unknown> = { yes: true, word: 'yes', one: 1 }
    const server = await serve(usual(), {
      joinable: (_, room) => {
        if (room === 'broken') throw new Error('db.internal is down')
        return answers[room] as boolean
      },
    })
    const client = await join(server.address)
    await client.join('yes')
    for (const room of ['word', 'one', 'other', 'broken']) {
      const error = await rejectionOf(client.join(room))
      expect(error).toMatchObject({ code: 'ERR_UNAUTHORIZED' })
      expect(error.message).not.toContain('db.internal')
    }
    expect(server.peers[0]?.rooms).toEqual(['yes'])
    expect(server.errors.map(({ message }) => message)).toContain('db.internal is down')
  })
})

const detached = (options: ServerOptions = {}): EventServer & { errors: Error[] } => {
  const server = EventServer.detached(options)
  const errors: Error[] = []
  server.on('error', (error) => errors.push(error))
  onTestFinished(() => server.close({ graceMs: 0 }))
  return Object.assign(server, { errors })
}

/** An address in memory whose connections come to the server as those of this user. */
const bridge = async (server: EventServer, uid: number, pid?: number): Promise<string> => {
  const listener = await listen(`memory:${freshName()}`)
  listener.on('connection', (connection) => {
    provideCredentials(connection, () => ({ uid, pid, gid: undefined, sid: undefined }))
    server.accept(connection)
  })
  onTestFinished(() => listener.close())
  return listener.address
}

const send = (id: number, seq: number): Buffer => encodeFrame(FrameType.send, 0, id, seq, '1')

const enter = async (options: ClientOptions): Promise<EventClient> =>
  watched(await EventClient.connect('anywhere', { reconnect: false, ...options }))

describe('a token', () => {
  test('that is empty is refused by listen: it is that of a variable that was not set', async () => {
    expect(await codeOf(EventServer.listen(usual(), { token: '' }))).toBe('ERR_INVALID_ARG_VALUE')
  })
})

describe('a session', () => {
  test('belongs to the user who began it: another user who knows its id is refused', async () => {
    const server = detached()
    const first = await enter({ transport: asUser(server, 1000) })
    const session = server.peers[0]?.id
    for (const uid of [1001, 0, 65_534]) {
      const address = await bridge(server, uid)
      const thief = await byHand(address, { session })
      expect(await thief.closed).toBe('ERR_UNAUTHORIZED')
    }
    expect([first.connected, server.peers.length]).toEqual([true, 1])
  })

  test('belongs to the token that began it', async () => {
    const server = await serve(usual(), { authorize: ({ token }) => token === 'ann' || token === 'eve' })
    const ann = await join(server.address, { token: 'ann' })
    const session = server.peers[0]?.id
    expect(await (await byHand(server.address, { session, token: 'eve' })).closed).toBe('ERR_UNAUTHORIZED')
    expect(ann.connected).toBe(true)
    const again = await byHand(server.address, { session, token: 'ann' })
    await until(() => again.frames.length > 0)
    expect(again.code()).toBeUndefined()
  })

  test('of a client that is away is not pushed out by a flood of another process', async () => {
    const server = detached({ maxSessions: 20 })
    const leave = async (uid: number, pid: number | undefined): Promise<void> => {
      const address = await bridge(server, uid, pid)
      const client = await byHand(address, {})
      await until(() => client.frames.length > 0)
      client.connection.destroy()
      await client.closed
    }
    const quiet = await byHand(await bridge(server, 1000, 7), { session: 'the quiet one' })
    await until(() => quiet.frames.length > 0)
    quiet.connection.destroy()
    await until(() => server.peers.length === 0)
    for (let at = 0; at < 60; at++) await leave(at % 2 === 0 ? 1001 : 1000, 8)
    await until(() => server.peers.length === 0)
    const back = await byHand(await bridge(server, 1000, 9), { session: 'the quiet one' })
    await until(() => back.frames.length > 0)
    expect(JSON.parse(back.frames[0]?.body ?? '{}')).toMatchObject({ resumed: true })
    expect(server.sessionCount).toBeLessThanOrEqual(21)
  })

  test('with something to lose outlives empty ones of its own user', async () => {
    const server = detached({ maxSessions: 5 })
    server.on('a', () => {})
    const client = await byHand(await bridge(server, 1000), { session: 'used' })
    client.connection.write(Buffer.concat([name(1, 'a'), send(1, 1)]))
    await until(() => client.frames.length > 1)
    client.connection.destroy()
    await until(() => server.peers.length === 0)
    for (let at = 0; at < 20; at++) {
      const other = await byHand(await bridge(server, 1000), {})
      await until(() => other.frames.length > 0)
      other.connection.destroy()
      await until(() => server.peers.length === 0)
    }
    const back = await byHand(await bridge(server, 1000), { session: 'used' })
    await until(() => back.frames.length > 0)
    expect(JSON.parse(back.frames[0]?.body ?? '{}')).toMatchObject({ resumed: true })
  })
})

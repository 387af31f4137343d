import { rmSync } from 'node:fs'
import { duplexPair } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { connect, memory, type Transport, unix } from '@uds/stream'
import { codeOf, freshName, rejectionOf, socketPath, until } from '@uds/testkit'
import { EventClient, EventServer, SocketError } from '@uds/events'
import { join, serve, usual, watched } from './fixtures/ends.ts'

describe('a client that is not connected yet', () => {
  test('tells why each attempt failed, and a later timeout has it as its cause', async () => {
    const client = watched(
      EventClient.open(`memory:${freshName()}`, { reconnect: { initialMs: 1, maxMs: 2, jitter: 0 } }),
    )
    const attempts: unknown[] = []
    client.on('connectError', (error, { attempt, retryInMs }) =>
      attempts.push([(error as { code?: unknown }).code, attempt, typeof retryInMs]),
    )
    const error = await rejectionOf(client.request('a', undefined, { timeoutMs: 100 }))
    expect(error).toMatchObject({ code: 'ETIMEDOUT', cause: { code: 'ECONNREFUSED' } })
    expect(error.message).toContain('there is no connection')
    await until(() => attempts.length >= 3)
    expect(attempts.slice(0, 3)).toEqual([
      ['ECONNREFUSED', 1, 'number'],
      ['ECONNREFUSED', 2, 'number'],
      ['ECONNREFUSED', 3, 'number'],
    ])
    expect(client.errors).toEqual([])
  })

  test('tells of the attempt after which it gives up', async () => {
    const server = await serve(`memory:${freshName()}`, { token: 'secret' })
    const client = watched(EventClient.open(server.address))
    const [error, { attempt, retryInMs }] = await client.once('connectError')
    expect([(error as { code?: unknown }).code, attempt, retryInMs]).toEqual([
      'ERR_UNAUTHORIZED',
      1,
      undefined,
    ])
    await until(() => client.closed)
    expect(await codeOf(client.request('a'))).toBe('ERR_UNAUTHORIZED')
  })

  test('a timeout of a connected client has no such cause', async () => {
    const server = await serve(`memory:${freshName()}`)
    server.handle('wait', () => new Promise(() => {}))
    const client = watched(await EventClient.connect(server.address))
    const error = await rejectionOf(client.request('wait', undefined, { timeoutMs: 20 }))
    expect([error.code, error.cause]).toEqual(['ETIMEDOUT', undefined])
  })
})

/** Its first connection comes to a server that closes, the others go where they should. */
const closing = async (
  then: Transport['connect'],
): Promise<{ transport: Transport; attempts: () => number }> => {
  const old = await serve(`memory:${freshName()}`)
  await old.close()
  let attempts = 0
  const comeTo: Transport['connect'] = async (to, options) => {
    attempts += 1
    if (attempts > 1) return await then(to, options)
    const [near, far] = duplexPair()
    old.accept(far)
    return near
  }
  return { transport: { ...memory, connect: comeTo }, attempts: () => attempts }
}

test('a client that finds the backlog of the server full comes back in a moment, however long it was away', async () => {
  const server = await serve(`memory:${freshName()}`)
  const { transport, attempts } = failing('EAGAIN', 3)
  const client = watched(
    EventClient.open(server.address, {
      transport,
      reconnect: { initialMs: 60_000, maxMs: 60_000, jitter: 0 },
    }),
  )
  await client.once('connect')
  expect(attempts()).toBe(4)
})

describe('a server that closes while a client comes to it', () => {
  test('and that another has taken the place of refuses nobody', async () => {
    const server = await serve(`memory:${freshName()}`)
    const { transport, attempts } = await closing(memory.connect)
    const client = watched(await EventClient.connect(server.address, { transport }))
    expect([client.connected, attempts()]).toEqual([true, 2])
  })

  test('and has no successor is named as the reason', async () => {
    const { transport, attempts } = await closing(memory.connect)
    const error = await rejectionOf(EventClient.connect(`memory:${freshName()}`, { transport }))
    expect([error.code, attempts()]).toEqual(['ERR_CLOSED', 2])
  })
})

/** Fails with this code, `times` times, and then reaches the server. */
const failing = (code: string, times: number): { transport: Transport; attempts: () => number } => {
  let attempts = 0
  const connectSometimes: typeof memory.connect = async (to, options) => {
    attempts += 1
    if (attempts <= times) throw Object.assign(new Error(`it fails with ${code}`), { code })
    return await memory.connect(to, options)
  }
  return { transport: { ...memory, connect: connectSometimes }, attempts: () => attempts }
}

describe('retryUntilMs', () => {
  test.each(['ENOENT', 'EAGAIN', 'EMFILE', 'ETIMEDOUT'])(
    'tries again after %s, which passes',
    async (code) => {
      const server = await serve(`memory:${freshName()}`)
      const { transport, attempts } = failing(code, 2)
      watched(await EventClient.connect(server.address, { transport, retryUntilMs: 60_000 }))
      expect(attempts()).toBe(3)
    },
  )

  test.each(['EACCES', 'ENOTSUP', 'ENAMETOOLONG'])('does not wait after %s, which stays', async (code) => {
    const server = await serve(`memory:${freshName()}`)
    const { transport, attempts } = failing(code, 1)
    expect(await codeOf(EventClient.connect(server.address, { transport, retryUntilMs: 60_000 }))).toBe(code)
    expect(attempts()).toBe(1)
  })

  test('does not wait for a server that refuses', async () => {
    const server = await serve(`memory:${freshName()}`, { token: 'secret' })
    expect(await codeOf(EventClient.connect(server.address, { retryUntilMs: 60_000 }))).toBe(
      'ERR_UNAUTHORIZED',
    )
  })
})

/** Starts the server while an attempt to reach it is failing. */
const late = (address: string, attempts: { count: number }, at: number): Transport => ({
  ...memory,
  name: 'unix, a little late',
  connect: async (to, options) => {
    attempts.count++
    try {
      return await connect(to as string, options)
    } catch (error) {
      if (attempts.count === at) await serve(address)
      throw error
    }
  },
})

/** Resolves when the first bytes of the server have been read. */
const slow: Transport = {
  ...unix,
  name: 'unix, read at once',
  connect: async (to, options) => {
    const socket = await unix.connect(to, options)
    await until(() => socket.bytesRead > 0)
    return socket
  },
}

test.skipIf(!unix.capabilities.listen)(
  'what the server says before the transport has resolved is not lost',
  async () => {
    const server = await serve(`unix:${socketPath()}`)
    server.handle('ask', () => 'reply')
    const client = watched(await EventClient.connect(server.address, { transport: slow }))
    expect(await client.request('ask')).toBe('reply')
  },
)

describe.skipIf(!unix.capabilities.listen)('the file of a server', () => {
  test.each([1, 2])('that appears during attempt %i is found at once', async (at) => {
    const address = `unix:${socketPath()}`
    const attempts = { count: 0 }
    const client = watched(
      EventClient.open(address, {
        transport: late(address, attempts, at),
        reconnect: { initialMs: at === 1 ? 60_000 : 1, maxMs: 60_000, factor: 100, jitter: 0 },
      }),
    )
    await client.once('connect')
    expect(attempts.count).toBe(at + 1)
  })

  test('of one that died, made anew during an attempt, is found at once', async () => {
    const path = socketPath()
    const address = `unix:${path}`
    const first = await EventServer.listen(address)
    const client = watched(
      EventClient.open(address, { reconnect: { initialMs: 60_000, maxMs: 60_000, jitter: 0 } }),
    )
    await client.once('connect')
    const lost = client.once('disconnect')
    await first.close({ graceMs: 0 })
    await lost
    rmSync(path, { force: true })
    const back = client.once('connect')
    await serve(address)
    expect(await back).toEqual([{ resumed: false }])
  })
})

test('a client of a server with as many connections as it takes hears that it was not let in', async () => {
  const server = await serve(usual(), { listen: { maxConnections: 1 } })
  await join(server.address)
  for (let each = 0; each < 5; each++) {
    const error: unknown = await EventClient.connect(server.address).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SocketError)
    expect((error as Error).message).toContain('before it let this client in')
    expect((error as Error).message).toContain('maxConnections')
  }
})

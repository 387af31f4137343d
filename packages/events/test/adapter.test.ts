import { describe, expect, test } from 'vitest'
import { codeOf, freshName, rejectionOf, until } from '@uds/testkit'
import { type Adapter, type AdapterHost, EventServer, type RoomBroadcast } from '@uds/events'
import { cuttable, join, serve, usual } from './fixtures/ends.ts'

/** Joins servers of this process: what one says the others deliver. */
class MemoryAdapter implements Adapter {
  readonly #others: Set<MemoryAdapter>
  readonly log: unknown[] = []
  host: AdapterHost | undefined

  constructor(others: Set<MemoryAdapter>) {
    this.#others = others
  }
  attach(host: AdapterHost): void {
    this.host = host
    this.#others.add(this)
    this.log.push(['attach', host.address !== ''])
  }
  broadcast(broadcast: RoomBroadcast): void {
    this.log.push(['broadcast', broadcast.name, broadcast.rooms])
    for (const other of this.#others) if (other !== this) other.host?.deliver(broadcast)
  }
  joined(room: string, peer: { name: string | undefined }): void {
    this.log.push(['joined', room, peer.name])
  }
  left(room: string, peer: { name: string | undefined }): void {
    this.log.push(['left', room, peer.name])
  }
  detach(): void {
    this.#others.delete(this)
    this.log.push(['detach'])
  }
}

describe('an adapter', () => {
  test('makes clients of two servers one audience, with rooms and exceptions, and no loops', async () => {
    const channel = new Set<MemoryAdapter>()
    const adapters = [new MemoryAdapter(channel), new MemoryAdapter(channel)] as const
    const servers = await Promise.all(adapters.map((adapter) => serve(usual(), { adapter })))
    const [one, two] = servers as [(typeof servers)[0], (typeof servers)[0]]
    const got: unknown[] = []
    const clients = await Promise.all(
      [one, two].map(async (server, at) => {
        const client = await join(server.address, { name: `client ${at}` })
        client.on('news', (data) => got.push([at, data]))
        return client
      }),
    )
    const heard = async (): Promise<unknown[]> => {
      await Promise.all(clients.map((client) => client.ping()))
      return got.splice(0).toSorted((a, b) => String(a).localeCompare(String(b)))
    }
    one.broadcast('news', 1)
    expect(await heard()).toEqual([
      [0, 1],
      [1, 1],
    ])
    two.peers[0]?.join('room')
    expect(adapters[1].host?.rooms).toEqual(['room'])
    one.to('room').emit('news', 2)
    expect(await heard()).toEqual([[1, 2]])
    one.broadcast('news', 3, { except: one.peers })
    expect(await heard()).toEqual([[1, 3]])
    const stranger = two.peers[0]?.id ?? ''
    adapters[1].host?.deliver({ name: 'news', data: 4, rooms: undefined, except: [stranger] })
    expect(await heard()).toEqual([])
    two.peers[0]?.join('room')
    two.peers[0]?.leave('room')
    two.peers[0]?.leave('room')
    await one.close()
    await two.close()
    expect(adapters[0].log).toEqual([
      ['attach', true],
      ['broadcast', 'news', undefined],
      ['broadcast', 'news', ['room']],
      ['broadcast', 'news', undefined],
      ['detach'],
    ])
    expect(adapters[1].log).toEqual([
      ['attach', true],
      ['joined', 'room', 'client 1'],
      ['left', 'room', 'client 1'],
      ['detach'],
    ])
  })

  test('hears that a member whose session is over has left', async () => {
    const adapter = new MemoryAdapter(new Set())
    const server = await serve(usual(), { adapter, joinable: () => true })
    const client = await join(server.address, { name: 'ann' })
    await client.join('room')
    await client.close()
    await until(() => adapter.log.length === 3)
    expect(adapter.log.slice(1)).toEqual([
      ['joined', 'room', 'ann'],
      ['left', 'room', 'ann'],
    ])
  })

  test('that throws, or rejects, is reported, and the clients of the server hear all the same', async () => {
    const adapter = new MemoryAdapter(new Set())
    adapter.broadcast = () => {
      throw new Error('no engine')
    }
    adapter.joined = () => Promise.reject(new Error('no engine either')) as never
    const server = await serve(usual(), { adapter })
    const client = await join(server.address)
    const news = client.once('news')
    server.broadcast('news', 1)
    server.peers[0]?.join('room')
    expect((await news)[0]).toBe(1)
    await until(() => server.errors.length === 2)
    expect(server.errors.map(({ message }) => message)).toEqual(['no engine', 'no engine either'])
  })

  test('whose attach fails makes listen fail, and nothing stays open', async () => {
    const adapter = new MemoryAdapter(new Set())
    adapter.attach = () => Promise.reject(new Error('no engine')) as never
    const address = usual()
    expect((await rejectionOf(EventServer.listen(address, { adapter }))).message).toBe('no engine')
    await serve(address)
    const half = { attach: () => {}, broadcast: () => {} } as never
    expect(await codeOf(EventServer.listen(usual(), { adapter: half }))).toBe('ERR_INVALID_ARG_TYPE')
  })
})

/** A server, and a client of it that leaves and comes back. */
const away = async (
  missed: { limit: number; maxAgeMs: number } | undefined,
): Promise<{
  server: EventServer
  leave: () => Promise<void>
  back: () => Promise<unknown[]>
}> => {
  const { transport, cut } = cuttable()
  let open = true
  const doors = {
    ...transport,
    connect: (...args: Parameters<typeof transport.connect>) =>
      open ? transport.connect(...args) : Promise.reject(new Error('away')),
  }
  const server = await serve(`memory:${freshName()}`, { transport, missed })
  const client = await join(server.address, { transport: doors, reconnect: { initialMs: 1, maxMs: 2 } })
  const got: unknown[] = []
  client.on('news', (data) => got.push(data))
  return {
    server,
    leave: async () => {
      open = false
      cut()
      await until(() => server.peers.length === 0)
    },
    back: async () => {
      open = true
      await until(() => server.peers.length === 1 && client.connected)
      await client.ping()
      return got
    },
  }
}

describe('missed broadcasts', () => {
  test('come in order with what else waited, when the client is back', async () => {
    const { server, leave, back } = await away({ limit: 10, maxAgeMs: 60_000 })
    const peer = server.peers[0]
    peer?.join('room')
    await leave()
    server.broadcast('news', 1)
    peer?.emit('news', 2)
    server.to('room').emit('news', 3)
    server.to('elsewhere').emit('news', 4)
    expect(await back()).toEqual([1, 2, 3])
    server.broadcast('news', 5)
    expect(await back()).toEqual([1, 2, 3, 5])
  })

  test('are the last ones up to the limit, and none that is too old', async () => {
    const few = await away({ limit: 2, maxAgeMs: 60_000 })
    const peer = few.server.peers[0]
    await few.leave()
    for (let at = 1; at <= 5; at++) few.server.broadcast('news', at)
    expect(await few.back()).toEqual([4, 5])
    expect(peer?.dropped).toBe(3)
    const old = await away({ limit: 10, maxAgeMs: 1 })
    await old.leave()
    old.server.broadcast('news', 1)
    const begin = performance.now()
    await until(() => performance.now() - begin > 5)
    expect(await old.back()).toEqual([])
  })

  test('are not kept unless that is asked for', async () => {
    const { server, leave, back } = await away(undefined)
    await leave()
    server.broadcast('news', 1)
    expect(await back()).toEqual([])
    expect(await codeOf(EventServer.listen(usual(), { missed: { limit: 0, maxAgeMs: 1 } }))).toBe(
      'ERR_OUT_OF_RANGE',
    )
  })
})

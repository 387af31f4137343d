import { join as joinPath } from 'node:path'
import { codeOf, codeOfCall, rejectionOf, tempDir, until } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import {
  type Adapter,
  type AdapterHost,
  DeferError,
  type EventServer,
  type RemoteClient,
  RemotePeer,
  type ServerOptions,
} from '@uds/events'
import { join, serve } from './fixtures/ends.ts'

const remote: RemoteClient = { id: 'b/1', machine: 'b', name: 'bob' }

/** An adapter that takes what its server does not handle, and remembers it. */
class Elsewhere implements Adapter {
  readonly log: unknown[] = []
  host: AdapterHost | undefined
  wait: Promise<void> | undefined
  attach(host: AdapterHost): void {
    this.host = host
  }
  broadcast(): boolean {
    return false
  }
  joined(): void {}
  left(): void {}
  detach(): void {
    this.log.push('detach')
  }
  changed(): void {
    this.log.push('changed')
  }
  handler(name: string): ((input: unknown, context: { kind: string }) => unknown) | undefined {
    return name === 'far'
      ? (input, { kind }) => (kind === 'stream' ? [input, kind] : [kind, input])
      : undefined
  }
  listener(name: string, kind: 'emit' | 'send'): ((data: unknown) => unknown) | undefined {
    if (name !== 'far') return undefined
    return (data) => {
      this.log.push([kind, data])
      return this.wait
    }
  }
  tell(client: RemoteClient, action: string, name: string, data: unknown): boolean {
    if (name === 'forbidden') throw new TypeError('forbidden')
    this.log.push([client.id, action, name, data])
    return true
  }
}

const joined = async (options: ServerOptions = {}) => {
  const server = await serve(undefined, options)
  const adapter = new Elsewhere()
  await server.attach(adapter)
  return { server, adapter, host: adapter.host as AdapterHost }
}

const send = (host: AdapterHost, id: string, data: unknown): Promise<void> =>
  host.send('say', data, remote, { id, redelivered: false })

describe('an adapter of a server that serves already', () => {
  test('takes requests and events that nobody here handles, and no others', async () => {
    const { server, adapter } = await joined()
    const client = await join(server.address)
    expect(await client.request('far', 1)).toEqual(['request', 1])
    const items: unknown[] = []
    for await (const item of client.stream('far', 2)) items.push(item)
    expect(items).toEqual([2, 'stream'])
    expect(await codeOf(client.request('nowhere'))).toBe('ERR_NO_HANDLER')
    server.handleOthers((name) => `others ${name}`)
    expect(await client.request('far', 1)).toEqual(['request', 1])
    expect(await client.request('nowhere')).toBe('others nowhere')
    server.handle('far', () => 'here')
    expect(await client.request('far', 1)).toBe('here')
    await client.send('far', 'sent')
    client.emit('far', 'said')
    expect(await codeOf(client.send('nowhere'))).toBe('ERR_NO_HANDLER')
    expect(adapter.log.filter((entry) => entry !== 'changed')).toEqual([
      ['send', 'sent'],
      ['emit', 'said'],
    ])
    server.on('far', () => {})
    await client.send('far', 'mine')
    expect(adapter.log.at(-1)).toBe('changed')
    expect(server.broadcast('news', 1)).toBe(false)
  })

  test('holds a client back while it has no room for its events', async () => {
    const { server, adapter } = await joined()
    const client = await join(server.address)
    const { promise, resolve } = Promise.withResolvers<void>()
    adapter.wait = promise
    client.emit('far', 1)
    client.emit('far', 2)
    await until(() => adapter.log.length === 1)
    adapter.wait = undefined
    const pinged = client.ping()
    expect(adapter.log).toEqual([['emit', 1]])
    resolve()
    await pinged
    expect(adapter.log).toEqual([
      ['emit', 1],
      ['emit', 2],
    ])
  })

  test('passes on what clients of other servers say, with a peer that belongs to them', async () => {
    const { server, host, adapter } = await joined()
    const peers: unknown[] = []
    server.on('say', (data, peer, { kind }) =>
      peers.push([kind, data, peer.machine, peer.name, peer.connected]),
    )
    server.handle('who', (_, { peer }) => peer.name)
    server.handle(
      'hang',
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    )
    host.event('say', 1, remote)
    await host.send('say', 2, remote, { id: 'x', redelivered: false })
    expect(peers).toEqual([
      ['emit', 1, 'b', 'bob', true],
      ['send', 2, 'b', 'bob', true],
    ])
    expect(await host.request('who', undefined, remote, false).result).toBe('bob')
    const call = host.request('hang', undefined, remote, false)
    call.cancel()
    expect(await codeOf(call.result as Promise<unknown>)).toBe('ERR_DISCONNECTED')
    expect(codeOfCall(() => host.request('far', 1, remote, false))).toBe('ERR_NO_HANDLER')
    expect((await rejectionOf(host.send('far', 1, remote, { id: 'y', redelivered: false }))).message).toMatch(
      /listens/,
    )
    expect([host.handles('who'), host.handles('far'), host.listens('say'), host.listens('far')]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect(adapter.log.filter((entry) => entry !== 'changed')).toEqual([])
  })

  test('carries what a handler says to a client of another server; what waits for that client is refused', async () => {
    const { server, host, adapter } = await joined()
    let peer: RemotePeer | undefined
    server.on('say', (_, from) => {
      peer = from as unknown as RemotePeer
    })
    host.event('say', 1, remote)
    expect(peer).toBeInstanceOf(RemotePeer)
    peer?.emit('hello', 1)
    peer?.join('room')
    peer?.leave('room')
    expect(adapter.log.filter((entry) => entry !== 'changed')).toEqual([
      ['b/1', 'emit', 'hello', 1],
      ['b/1', 'join', 'room', undefined],
      ['b/1', 'leave', 'room', undefined],
    ])
    expect(() => peer?.emit('forbidden')).toThrow('forbidden')
    for (const asked of [peer?.send(), peer?.request(), peer?.ping()])
      expect(await codeOf(asked ?? Promise.resolve())).toBe('ENOTSUP')
    expect(codeOfCall(() => peer?.stream())).toBe('ENOTSUP')
    expect(server.peers).toEqual([])
  })

  test('leaves when it is taken out, or the server closes; there is one at most', async () => {
    const { server, adapter } = await joined()
    expect(await codeOf(server.attach(new Elsewhere()))).toBe('ERR_INVALID_ARG_VALUE')
    await server.detach(new Elsewhere())
    expect(adapter.log).toEqual([])
    await server.detach(adapter)
    expect(adapter.log).toEqual(['detach'])
    const client = await join(server.address)
    expect(await codeOf(client.request('far'))).toBe('ERR_NO_HANDLER')
    const second = new Elsewhere()
    await server.attach(second)
    await server.close()
    expect(second.log).toEqual(['detach'])
    expect(await codeOf(server.attach(second))).toBe('ERR_CLOSED')
    expect(await codeOf(server.attach({} as never))).toBe('ERR_INVALID_ARG_TYPE')
  })

  test('a message is handled once for its id, where there is a journal, over lives of the server', async () => {
    const path = joinPath(tempDir(), 'journal')
    const handled: unknown[] = []
    const life = async (): Promise<{ server: EventServer; host: AdapterHost }> => {
      const { server, host } = await joined({ journal: { path } })
      server.on('say', async (data, _, { transaction, id }) => {
        if (data === 'later' && handled.length === 1) throw new DeferError({ retryAfterMs: 1 })
        handled.push([id, data, typeof transaction])
      })
      return { server, host }
    }
    const one = await life()
    await Promise.all([send(one.host, 'a', 1), send(one.host, 'a', 1)])
    expect(await rejectionOf(send(one.host, 'b', 'later'))).toBeInstanceOf(DeferError)
    await one.server.close()
    const two = await life()
    await send(two.host, 'a', 1)
    handled.push('again')
    await send(two.host, 'b', 'later')
    expect(handled).toEqual([['a', 1, 'object'], 'again', ['b', 'later', 'object']])
  })
})

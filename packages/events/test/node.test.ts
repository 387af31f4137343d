import { codeOf, socketPath, spawnScript, tempDir, until } from '@uds/testkit'
import { join as joinPath } from 'node:path'
import { unix } from '@uds/stream'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { EventNode, EventServer, type NodeOptions } from '@uds/events'
import { usual } from './fixtures/ends.ts'

interface Map {
  events: { number: number; news: string }
  requests: {
    who(): string
    count(upTo: number): AsyncIterable<number>
    sum(all: AsyncIterable<number>): number
  }
}

// Processes start one after the other on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const address = (): string => (unix.capabilities.listen ? `unix:${socketPath()}` : usual())

const nodeAt = async (
  at: string,
  name: string,
  options: NodeOptions<Map, EventNode<Map>> = {},
): Promise<EventNode<Map>> => {
  const node = await EventNode.join<Map>(at, {
    ...options,
    name,
    setUp: (made) => {
      made.handle('who', () => name)
      made.handle('count', async function* (upTo) {
        for (let each = 1; each <= upTo; each++) yield each
      })
      made.handle('sum', async (all) => {
        let sum = 0
        for await (const each of all) sum += each
        return sum
      })
      return options.setUp?.(made)
    },
  })
  onTestFinished(() => node.close({ graceMs: 0 }))
  return node
}

describe.skipIf(!unix.capabilities.listen)('nodes', () => {
  test('one serves, and each says and hears the same, whichever it is', async () => {
    const at = address()
    const heard: Record<string, unknown[]> = { a: [], b: [], c: [] }
    const nodes: EventNode<Map>[] = []
    for (const name of ['a', 'b', 'c']) {
      nodes.push(
        await nodeAt(at, name, {
          setUp: (made) => {
            made.on('number', (number) => void heard[name]?.push(number))
            made.on('news', (text) => void heard[name]?.push(text))
          },
        }),
      )
    }
    expect(nodes.map(({ role }) => role)).toEqual(['server', 'client', 'client'])
    expect(nodes[0]?.server?.peers.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(nodes[1]?.server).toBeUndefined()
    for (const [index, node] of nodes.entries()) {
      await node.send('number', index)
      expect(await node.request('who')).toBe('a')
      expect(await node.request('sum', ReadableStream.from([1, 2]))).toBe(3)
      const items: number[] = []
      for await (const item of node.stream('count', 3)) items.push(item)
      expect(items).toEqual([1, 2, 3])
      await node.broadcast('news', `of ${index}`)
    }
    expect(heard['a']).toEqual([0, 1, 'of 1', 2, 'of 2'])
    await until(() => heard['b']?.length === 2 && heard['c']?.length === 2)
    expect(heard['b']).toEqual(['of 0', 'of 2'])
    expect(heard['c']).toEqual(['of 0', 'of 1'])
  })

  test('when the one that serves leaves, another takes its place, with the listeners that stay', async () => {
    const at = address()
    const first = await nodeAt(at, 'a')
    const roles: string[] = []
    const got: number[] = []
    const listener = (number: number): void => void got.push(number)
    const removed = (): void => void got.push(-1)
    const second = await nodeAt(at, 'b', {
      setUp: (made) =>
        made
          .on('role', (role) => roles.push(role))
          .on('number', listener)
          .on('number', removed),
    })
    second.off('number', removed)
    expect(await second.request('who')).toBe('a')
    await first.close()
    await second.send('number', 1)
    expect(await second.request('who')).toBe('b')
    expect(second.role).toBe('server')
    const third = await nodeAt(at, 'c')
    await third.send('number', 2)
    expect(await third.request('who')).toBe('b')
    expect(got).toEqual([1, 2])
    expect(roles).toEqual(['client', 'server'])
  })

  test('however many start at once, one serves; and so after each kill', async () => {
    const at = address()
    const all = Array.from({ length: 5 }, (_, index) =>
      spawnScript(new URL('./fixtures/node-process.ts', import.meta.url), [at, `n${index}`]),
    )
    const alive = new Set(all)
    const serving = (): typeof all => [...alive].filter((each) => /role server/.test(each.stdout()))
    for (let round = 0; round < 3; round++) {
      await Promise.all([...alive].map((each) => each.waitForLine(/connected/, 30_000)))
      expect(serving()).toHaveLength(1)
      const [server] = serving()
      const watcher = await nodeAt(at, 'watcher')
      expect(watcher.role).toBe('client')
      await watcher.broadcast('news', `round ${round}`)
      await Promise.all([...alive].map((each) => each.waitForLine(new RegExp(`news round ${round}`))))
      await watcher.close()
      if (server === undefined) throw new Error('nobody serves')
      alive.delete(server)
      await server.kill('SIGKILL')
    }
    await until(() => serving().length === 1)
  })

  test('what a killed server had not acknowledged comes to the next one, marked and in order', async () => {
    const at = address()
    const victim = spawnScript(new URL('./fixtures/node-process.ts', import.meta.url), [at, 'victim', 'hang'])
    await victim.waitForLine(/role server/, 30_000)
    const got: string[] = []
    const node = await nodeAt(at, 'heir', {
      setUp: (made) =>
        made.on('number', (number, { redelivered }) => {
          got.push(`${number}${redelivered ? ' again' : ''}`)
        }),
    })
    expect(node.role).toBe('client')
    const sent = [1, 2, 3].map((each) => node.send('number', each))
    await victim.waitForLine(/number 3/)
    const asked = node.request('count' as 'who').catch((error: { code: string }) => error.code)
    await victim.kill('SIGKILL')
    sent.push(node.send('number', 4))
    await Promise.all(sent)
    expect(await asked).toMatch(/ERR_/)
    expect(got).toEqual(['1 again', '2 again', '3 again', '4'])
    expect(node.role).toBe('server')
  })

  test('what stands in the way is told at once', async () => {
    expect(await codeOf(EventNode.join(`unix:${joinPath(tempDir(), 'no/such/dir')}`))).toBe('ENOENT')
    const at = address()
    await nodeAt(at, 'a', { token: 'right' })
    expect(await codeOf(EventNode.join(at, { token: 'wrong' }))).toBe('ERR_UNAUTHORIZED')
    expect(await codeOf(EventNode.join(at, { server: { autorize: 'sameUser' } as never }))).toBe(
      'ERR_INVALID_ARG_VALUE',
    )
    expect(await codeOf(EventNode.join(at, { rolle: 1 } as never))).toBe('ERR_INVALID_ARG_VALUE')
    await expect(EventNode.join(at, { signal: AbortSignal.abort(new RangeError('no')) })).rejects.toThrow(
      'no',
    )
    const stop = new AbortController()
    const server = await EventServer.listen(address(), { authorize: () => new Promise(() => {}) })
    onTestFinished(() => server.close({ graceMs: 0 }))
    const joining = EventNode.join(server.address, { signal: stop.signal })
    stop.abort(Object.assign(new Error('enough'), { code: 'E_ENOUGH' }))
    expect(await codeOf(joining)).toBe('E_ENOUGH')
    const failing = EventNode.join(address(), {
      setUp: () => {
        throw Object.assign(new Error('mine'), { code: 'E_MINE' })
      },
    })
    expect(await codeOf(failing)).toBe('E_MINE')
  })

  test('an error that nobody hears is no end; a handler twice is one', async () => {
    const node = await nodeAt(address(), 'a')
    const errors: Error[] = []
    node.on('error', (error) => errors.push(error))
    node.on('number', () => {
      throw new Error('a listener')
    })
    node.emit('number', 1)
    await until(() => errors.length === 1)
    expect(() => node.handle('who', () => '')).toThrow('has a handler already')
  })
})

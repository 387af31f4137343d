import { channel } from 'node:diagnostics_channel'
import { freshName, until } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EventClient, EventServer } from '../src/index.ts'
import { report, serverReport } from '../src/report/index.ts'

interface Work {
  events: { say: string; quiet: null }
  requests: { add(numbers: number[]): number; fail(): void; slow(ms: number): void }
}

const open = async (at = `memory:${freshName()}`): Promise<[EventServer<Work>, EventClient<Work>]> => {
  const server = await EventServer.listen<Work>(at)
  onTestFinished(() => server.close({ graceMs: 0 }))
  server.handle('add', (numbers) => numbers.reduce((sum, each) => sum + each, 0))
  server.handle('fail', () => {
    throw Object.assign(new Error('no'), { code: 'ERR_OF_MINE' })
  })
  server.handle('slow', async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)))
  server.on('say', () => {})
  const client = await EventClient.connect<Work>(server.address, { name: 'ann' })
  onTestFinished(() => client.close({ graceMs: 0 }))
  return [server, client]
}

const nobodyListens = (): boolean =>
  ['handled', 'error', 'connection'].every((each) => !channel(`uds.events.${each}`).hasSubscribers)

describe('report', () => {
  test('counts events apart from requests, what failed, and who said it', async () => {
    const [server, client] = await open()
    using reporter = report(server)
    await client.send('say', 'a')
    client.emit('say', 'b')
    expect(await client.request('add', [1, 2])).toBe(3)
    await expect(client.request('fail')).rejects.toMatchObject({ code: 'ERR_OF_MINE' })
    const now = reporter.read()
    expect(now).toMatchObject({
      role: 'server',
      address: server.address,
      pid: process.pid,
      peerCount: 1,
      peers: [{ name: 'ann', events: 2, requests: 2, unacknowledged: 0 }],
      events: { say: { count: 2, failed: 0, recent: 2 } },
      requests: { add: { count: 1, failed: 0 }, fail: { count: 1, failed: 1 } },
    })
    const again = reporter.read()
    expect(again.events['say']).toEqual({ count: 2, failed: 0, recent: 0, p50Ms: 0, p99Ms: 0 })
    expect(again.at).toBeGreaterThan(now.at)
  })

  test('has the times of handlers, of those that return promises to their end', async () => {
    const [server, client] = await open()
    using reporter = report(server)
    await client.request('slow', 30)
    const { p50Ms, p99Ms } = reporter.read().requests['slow']!
    // A timer of Node may fire a millisecond early.
    expect(p50Ms).toBeGreaterThanOrEqual(28)
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms)
  })

  test('has the bytes of its own connections alone, also after they have closed', async () => {
    const [server, client] = await open('tcp:127.0.0.1:0')
    const [other, stranger] = await open('tcp:127.0.0.1:0')
    using reporter = report(server)
    using ofOther = report(other)
    const size = 100_000
    await client.send('say', 'x'.repeat(size))
    await stranger.send('say', 'y')
    expect(reporter.read().bytesRead).toBeGreaterThan(size)
    expect(ofOther.read().bytesRead).toBeLessThan(size)
    await client.close()
    await until(() => reporter.read().peerCount === 0)
    const { bytesRead, peers } = reporter.read()
    expect(peers).toEqual([])
    expect(bytesRead).toBeGreaterThan(size)
  })

  test('counts the errors that nobody awaits, by code', async () => {
    const [server, client] = await open()
    server.on('error', () => {})
    server.on('quiet', () => {
      throw Object.assign(new Error('no'), { code: 'ERR_OF_MINE' })
    })
    using reporter = report(server)
    client.emit('quiet', null)
    await until(() => reporter.read().errors['ERR_OF_MINE'] !== undefined)
    expect(reporter.read().errors).toEqual({ ERR_OF_MINE: 1 })
  })

  test('is of a client as well', async () => {
    const [server, client] = await open()
    using reporter = report(client)
    const heard = client.once('say')
    server.broadcast('say', 'to all')
    await heard
    expect(reporter.read()).toMatchObject({ role: 'client', peerCount: 1, events: { say: { count: 1 } } })
    await client.close()
    expect(reporter.read().peerCount).toBe(0)
  })

  test('counts so many names, and the others together', async () => {
    const [server] = await open()
    server.handleOthers(() => null)
    const stranger = await EventClient.connect(server.address)
    onTestFinished(() => stranger.close({ graceMs: 0 }))
    using reporter = report(server)
    await Promise.all(Array.from({ length: 250 }, (_, n) => stranger.request(`name ${n}`)))
    const { requests } = reporter.read()
    expect(Object.keys(requests)).toHaveLength(201)
    expect(requests['(others)']).toMatchObject({ count: 50 })
  })

  test('leaves nothing behind: after close nobody listens', async () => {
    const [server] = await open()
    expect(nobodyListens()).toBe(true)
    const reporter = report(server)
    expect(nobodyListens()).toBe(false)
    reporter.close()
    reporter.close()
    expect(nobodyListens()).toBe(true)
  })

  test('of anything else is refused', () => {
    expect(() => report({} as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })
})

describe('serverReport', () => {
  test('asks the server, which counts from then on', async () => {
    const [, client] = await open()
    const first = await serverReport(client)
    expect(first).toMatchObject({ role: 'server', peerCount: 1, events: {}, requests: {} })
    await client.send('say', 'a')
    // A report may be some milliseconds old.
    let now = first
    while (now.events['say'] === undefined) now = await serverReport(client)
    expect(now).toMatchObject({ requests: {}, peers: [{ name: 'ann', events: 1, requests: 0 }] })
  })

  test('is refused where the user of the client is not known', async () => {
    const [, client] = await open('tcp:127.0.0.1:0')
    await expect(serverReport(client)).rejects.toMatchObject({
      code: 'ERR_UNAUTHORIZED',
      message: expect.stringMatching(/for the user of the server: who the client is, is not known/) as string,
    })
  })
})

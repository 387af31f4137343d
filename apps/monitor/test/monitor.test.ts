import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { spawnScript } from '@uds/testkit'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'
import type { ChannelView } from '../src/board.ts'
import { freshAddress, startMonitor, startWatched } from './programs.ts'

// Two or three processes for each test: under Wine each takes seconds to start.
vi.setConfig({ testTimeout: 90_000 })

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, 30_000)
const live = (url: URL): string => `ws://${url.host}/live${url.search}`

/** A browser, as far as the bridge can tell. */
class Browser {
  channels: readonly ChannelView[] | undefined
  readonly socket: WebSocket
  readonly refused: Promise<number>

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, { origin: `http://${new URL(url).host}`, ...options })
    onTestFinished(() => this.socket.terminate())
    this.refused = new Promise((resolve) => {
      this.socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0))
    })
    this.socket.on('error', () => {})
    this.socket.on('message', (data: Buffer) => {
      this.channels = (JSON.parse(data.toString()) as { channels: ChannelView[] }).channels
    })
  }
}

const refused = async (address: string, options?: ClientOptions): Promise<number> =>
  await new Browser(address, options).refused

const status = async (
  url: URL,
  path: string,
  options: object = {},
): Promise<[number | undefined, string | undefined]> => {
  const asked = request({ host: url.hostname, port: url.port, path, agent: false, ...options }).end()
  const [response] = await once(asked, 'response')
  response.resume()
  return [response.statusCode, response.headers['content-security-policy']]
}

describe('the bridge', () => {
  test('tells a browser which servers are alive, who their peers are, and what comes in per second', async () => {
    const { url, address } = await startMonitor('--allow', 'say')
    const browser = new Browser(live(url))
    await eventually(() => expect(browser.channels).toEqual([]))
    const first = await startWatched(address, 'first')
    await startWatched(address, 'second')
    await eventually(() => {
      expect(browser.channels?.map(({ channel, peerCount }) => [channel, peerCount])).toEqual([
        ['first', 2],
        ['second', 2],
      ])
      for (const channel of browser.channels ?? []) {
        expect(channel.eventRate).toBeGreaterThan(0)
        expect(channel.bytesReadRate).toBeGreaterThan(0)
      }
    })
    const [view] = browser.channels ?? []
    expect(view?.peers.map(({ name }) => name).sort()).toEqual(['<img src=x onerror=alert(1)>', 'ann'])
    expect(view?.pid).toBe(first.pid)
    first.process.stdin?.write('close\n')
    await first.waitForLine(/^closed$/)
    await eventually(() => expect(browser.channels?.map(({ channel }) => channel)).toEqual(['second']))
  })

  test('names only the messages of the allow-list; the others are one sum', async () => {
    const { url, address } = await startMonitor('--allow', 'say')
    await startWatched(address, 'x')
    const browser = new Browser(live(url))
    await eventually(() => expect(browser.channels?.[0]?.messages).toHaveLength(2))
    expect(browser.channels?.[0]?.messages.map(({ name }) => name).sort()).toEqual(['', 'say'])
    expect(JSON.stringify(browser.channels)).not.toContain('secret')
  })

  test('refuses who lacks the token, is a page of somebody else, or comes by another name', async () => {
    const { url } = await startMonitor()
    expect(await refused(`ws://${url.host}/live`)).toBe(403)
    expect(await refused(`ws://${url.host}/live?token=${'x'.repeat(32)}`)).toBe(403)
    expect(await refused(`ws://${url.host}/other${url.search}`)).toBe(403)
    expect(await refused(live(url), { origin: 'http://example.com' })).toBe(403)
    expect(await refused(live(url), { origin: 'null' })).toBe(403)
    expect(await refused(live(url), { headers: { host: 'example.com' } })).toBe(403)
    const page = `/${url.search}`
    expect((await status(url, '/'))[0]).toBe(403)
    expect((await status(url, page, { headers: { host: 'example.com' } }))[0]).toBe(403)
    expect((await status(url, '/../package.json'))[0]).toBe(404)
    expect((await status(url, '/constructor'))[0]).toBe(404)
    expect((await status(url, page, { method: 'POST' }))[0]).toBe(405)
    const [code, policy] = await status(url, page)
    expect(code).toBe(200)
    expect(policy).toContain("default-src 'none'")
  })

  test('takes nothing from a browser', async () => {
    const { url } = await startMonitor()
    const browser = new Browser(live(url))
    await eventually(() => expect(browser.channels).toEqual([]))
    browser.socket.send('hello')
    const [code] = (await once(browser.socket, 'close')) as [number]
    expect(code).toBe(1008)
    const other = new Browser(live(url))
    await eventually(() => expect(other.channels).toEqual([]))
  })

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((net) => net?.family === 'IPv4' && !net.internal)?.address
  test.skipIf(outside === undefined)('listens on the loopback interface only', async () => {
    const { url } = await startMonitor()
    const socket = connect({ host: outside as string, port: Number(url.port) })
    onTestFinished(() => void socket.destroy())
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
  })

  test('says what is wrong with its options, and with an address that is in use', async () => {
    const bad = spawnScript(new URL('../src/main.ts', import.meta.url), ['--port', '70000'])
    expect((await bad.exit).code).toBe(1)
    expect(bad.stderr()).toContain('--port wants a number')
    const { address } = await startMonitor()
    const second = spawnScript(new URL('../src/main.ts', import.meta.url), ['--address', address])
    expect((await second.exit).code).toBe(1)
    expect(second.stderr()).toContain('EADDRINUSE')
  })
})

test('a server that reports ends as ever when no monitor runs', async () => {
  const server = await startWatched(freshAddress(), 'alone')
  server.process.stdin?.write('close\n')
  expect(await server.exit).toEqual({ code: 0, signal: null })
})

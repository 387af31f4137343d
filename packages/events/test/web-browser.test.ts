import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { freshName, needs } from '@uds/testkit'
import { Page } from '@uds/testkit/chromium'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { serve } from './fixtures/ends.ts'
import { webBundle } from './fixtures/web-bundle.ts'

// A browser takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const chromium = needs('chromium')

test('the client for browsers is small, and has nothing of Node', async () => {
  const code = await webBundle()
  expect(code).not.toMatch(/node:|\bBuffer\b|\bprocess\b|\brequire\(/)
  expect(Buffer.byteLength(code)).toBeLessThan(40_000)
  expect(gzipSync(code).length).toBeLessThan(15_000)
})

const MESSAGES = 100_000

describe.skipIf(chromium.missing)('in Chromium', () => {
  test('100,000 messages each way, a cut and a resume, back-pressure, requests and streams', async () => {
    const code = await webBundle()
    const server = await serve(`memory:${freshName()}`, {
      outgoing: { limit: 2 * MESSAGES, limitBytes: 64 * 1024 * 1024 },
    })
    const http = createServer((request, response) => {
      const isCode = request.url === '/client.js'
      response.writeHead(200, { 'content-type': isCode ? 'text/javascript' : 'text/html' })
      response.end(isCode ? code : '<!doctype html><title>uds</title>')
    }).listen(0, '127.0.0.1')
    const sockets = new WebSocketServer({ server: http })
    await once(http, 'listening')
    const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    sockets.on('connection', (socket, request) => {
      const names = ['number', 'back', 'echo', 'count', 'sent', 'big']
      server.acceptWebSocket(socket, request, { origins: [origin], names, tokens: ['secret'] })
    })
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      http.closeAllConnections()
      http.close()
    })
    let next = 0
    let inOrder = true
    server.on('number', (data) => {
      inOrder &&= data === next++
    })
    const sent: unknown[] = []
    server.on('sent', (data) => void sent.push(data))
    let big = 0
    server.on('big', () => void big++)
    server.handle('echo', (input) => input)
    server.handle('count', function* (upTo) {
      for (let at = 0; at < (upTo as number); at++) yield at
    })
    const page = await Page.open(chromium.path)
    await page.ask('Page.navigate', { url: `${origin}/` })
    await vi.waitFor(async () => expect(await page.value('document.title')).toBe('uds'), 30_000)
    const run = (body: string): Promise<unknown> => page.value(`(async () => { ${body} })()`)

    expect(
      await run(`
        const { EventClient } = await import('/client.js')
        const url = location.origin.replace('http', 'ws')
        const refused = await EventClient.connect(url, { token: 'wrong' }).catch((error) => error.code)
        globalThis.client = await EventClient.connect(url, {
          token: 'secret', name: 'page', reconnect: { initialMs: 1, maxMs: 10 },
        })
        return [refused, client.connected]`),
    ).toEqual(['ERR_UNAUTHORIZED', true])

    // To the server, in order, as fast as it takes them.
    await run(`
      for (let at = 0; at < ${MESSAGES}; at++) if (!client.emit('number', at)) await client.once('drain')
      return await client.request('echo', 'all')`)
    expect([next, inOrder]).toEqual([MESSAGES, true])

    // To the page.
    await run(`
      globalThis.got = 0
      globalThis.wrong = 0
      client.on('back', (data) => { if (data !== got++) wrong++ })`)
    for (let at = 0; at < MESSAGES; at++) server.broadcast('back', at)
    await vi.waitFor(async () => expect(await run('return [got, wrong]')).toEqual([MESSAGES, 0]), 30_000)

    // A cut in the middle of what is acknowledged: each arrives once, in order.
    const sending = run(`
      const all = []
      for (let at = 0; at < 5000; at++) {
        all.push(client.send('sent', at))
        if (at % 100 === 0) await new Promise((resolve) => setTimeout(resolve))
      }
      await Promise.all(all)
      return client.unacknowledged`)
    for (const size of [500, 2000]) {
      await vi.waitFor(() => expect(sent.length).toBeGreaterThan(size), 30_000)
      for (const socket of sockets.clients) socket.terminate()
    }
    expect(await sending).toBe(0)
    expect(sent).toEqual(Array.from({ length: 5000 }, (_, at) => at))

    // A server that does not read holds the page.
    for (const socket of sockets.clients) socket.pause()
    const held = await run(`
      let count = 1
      while (client.emit('big', 'x'.repeat(100_000))) count++
      globalThis.drained = client.once('drain')
      return count`)
    expect(held).toBeLessThan(200)
    for (const socket of sockets.clients) socket.resume()
    await run('await drained')
    await vi.waitFor(() => expect(big).toBe(held), 30_000)

    expect(
      await run(`
        const items = []
        for await (const item of client.stream('count', 1000, { window: 10 })) items.push(item)
        const bytes = await client.request('echo', new Uint8Array(100_000).fill(7))
        return [items.length, items.at(-1), bytes.length, bytes.every((byte) => byte === 7)]`),
    ).toEqual([1000, 999, 100_000, true])
    expect(page.troubles).toEqual([])
  })
})

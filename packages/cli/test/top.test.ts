import { EventClient, EventServer } from '@uds/events'
import { freshName } from '@uds/testkit'
import type { Rates, Report } from '@uds/events/report'
import { expect, onTestFinished, test } from 'vitest'
import { screen, type View } from '../src/top/sections.ts'
import { sparkline, table } from '../src/top/text.ts'
import { expectStops, start, uds, values } from './command.ts'

/** A server that has something to show. */
const busy = async (): Promise<string> => {
  const server = await EventServer.listen(freshName())
  onTestFinished(() => server.close({ graceMs: 0 }))
  server.on('say', () => {})
  server.handle('who', () => [])
  const client = await EventClient.connect(server.address, { name: 'ann' })
  onTestFinished(() => client.close({ graceMs: 0 }))
  const timer = setInterval(() => {
    client.emit('say', 'hi')
    void client.request('who')
  }, 5)
  onTestFinished(() => clearInterval(timer))
  return server.address
}

test('lines tell rates, times and peers, and Ctrl+C ends them', async () => {
  const command = start(['top', '--interval', '300', await busy()])
  await command.waitForLine(/ 2 peers, in .*\/s, out /)
  await command.waitForLine(/ event say rate [\d.]+\/s total \d+ failed 0 p50 [\d.]+ ms p99 [\d.]+ ms$/)
  await command.waitForLine(/ request who rate /)
  expect(command.stdout()).not.toContain('\x1b')
  await expectStops(command)
})

test('with --json, each report is a line, and --count ends it', async () => {
  const { code, stdout } = await uds(['top', '--json', '--interval', '300', '-n', '2', await busy()])
  expect(code).toBe(0)
  const reports = values(stdout) as { report: Report; rates: Rates }[]
  expect(reports).toHaveLength(2)
  expect(reports[0]).toMatchObject({ report: { role: 'server', peerCount: 2 } })
  expect(reports[1]!.rates.events['say']).toBeGreaterThan(0)
})

test('a server that refuses is told in words', async () => {
  const server = await EventServer.listen('tcp:127.0.0.1:0')
  onTestFinished(() => server.close({ graceMs: 0 }))
  const { code, stderr } = await uds(['top', server.address])
  expect(stderr).toMatch(/a report is for the user of the server/)
  expect(code).toBe(1)
})

const styles = { bold: String, dim: String, red: String }

const handled = (count: number): Report['events'][string] => ({
  count,
  failed: 1,
  recent: count,
  p50Ms: 0.1234,
  p99Ms: 12.34,
})

const view = (events: number): View => ({
  channel: 'chat\x1b[31m',
  report: {
    role: 'server',
    address: 'unix:/run/chat.sock',
    pid: 7,
    at: 0,
    peers: [{ name: 'a\nb', events: 1, requests: 0, bufferedBytes: 2000, unacknowledged: 0, dropped: 0 }],
    peerCount: 300,
    events: Object.fromEntries(Array.from({ length: events }, (_, n) => [`event ${n}`, handled(n)])),
    requests: { who: handled(3) },
    queues: { bufferedBytes: 2000, unacknowledged: 0, dropped: 0 },
    errors: { EPIPE: 2 },
    bytesRead: 0,
    bytesWritten: 0,
  },
  rates: { events: { 'event 1': 1234.5 }, requests: {}, errors: 0.5, bytesRead: 1500, bytesWritten: 0 },
  history: [0, 1, 2],
})

test('the screen has the busiest first, escapes what others say, and no more lines than the terminal', () => {
  const full = screen(view(2), 40, 80, styles)
  expect(full).toContain('300 peers   in 1.5 KB/s   out 0 B/s')
  expect(full).toMatch(
    /EVENT +\/s +total +failed +p50 ms +p99 ms\nevent 1 +1235 +1 +1 +0\.123 +12\.3\nevent 0/,
  )
  expect(full).toContain('and 299 more')
  // oxlint-disable-next-line no-control-regex
  expect(full).not.toMatch(/\x1b|a\nb/)
  for (const rows of [6, 10, 14, 24])
    expect(screen(view(50), rows, 80, styles).split('\n').length).toBeLessThan(rows)
  expect(screen(view(50), 14, 80, styles)).toMatch(/EVENT[^]*… \d+ more/)
})

test('tables and bars are aligned', () => {
  expect(table(['A', 'b'], [['long name', '1']])).toEqual(['A          b', 'long name  1'])
  expect(sparkline([0, 5, 10])).toBe('▁▅█')
  expect(sparkline([0, 0])).toBe('▁▁')
})

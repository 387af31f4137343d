import { describe, expect, test } from 'vitest'
import { Board, isReport } from '../src/board.ts'
import type { Report } from '@uds/events/report'
import type { ChannelReport } from '../src/report.ts'

const handled = (count: number, p50Ms = 1): Report['events'][string] => ({
  count,
  failed: 0,
  recent: count,
  p50Ms,
  p99Ms: 2 * p50Ms,
})

const report = (at: number, events: Record<string, number>, bytesRead = 0): ChannelReport => ({
  channel: 'chat',
  role: 'server',
  address: 'unix:/run/chat.sock',
  pid: 1,
  at,
  events: Object.fromEntries(Object.entries(events).map(([name, count]) => [name, handled(count)])),
  requests: { who: handled(at / 100, 7) },
  peers: [{ name: 'ann', events: 3, requests: 1, bufferedBytes: 0, unacknowledged: 0, dropped: 0 }],
  peerCount: 1,
  queues: { bufferedBytes: 0, unacknowledged: 0, dropped: 0 },
  errors: { EPIPE: at / 1000 },
  bytesRead,
  bytesWritten: 0,
})

describe('the board', () => {
  test('gives what lies between two reports, per second', () => {
    const board = new Board(() => true)
    board.add('a', report(1000, { say: 10 }, 100))
    expect(board.view()[0]).toMatchObject({ eventRate: 0, bytesReadRate: 0 })
    board.add('a', report(1500, { say: 20, new: 5 }, 300))
    expect(board.view()[0]).toMatchObject({
      eventRate: 30,
      requestRate: 10,
      errorRate: 1,
      p99Ms: 14,
      bytesReadRate: 400,
      errors: [{ code: 'EPIPE', total: 1.5 }],
      messages: [
        { name: 'say', kind: 'event', total: 20, rate: 20, p50Ms: 1 },
        { name: 'new', kind: 'event', total: 5, rate: 10 },
        { name: 'who', kind: 'request', total: 15, rate: 10, p50Ms: 7 },
      ],
    })
  })

  test('sums up what may not be seen by name', () => {
    const board = new Board((name) => name === 'say')
    board.add('a', report(0, { say: 1, secret: 2, 'very secret': 3 }))
    expect(board.view()[0]?.messages).toMatchObject([
      { name: 'say', kind: 'event', total: 1, rate: 0 },
      { name: '', kind: 'event', total: 5, rate: 0 },
      { name: '', kind: 'request', total: 0 },
    ])
  })

  test('forgets who has left, and counts the peers that it does not list', () => {
    const board = new Board(() => true)
    board.add('a', { ...report(0, {}), peerCount: 250 })
    expect(board.view()[0]).toMatchObject({ peerCount: 250, peers: [{ name: 'ann', messages: 4 }] })
    board.remove('a')
    expect(board.view()).toEqual([])
  })

  test('takes no report that is none', () => {
    expect(isReport(report(0, { say: 1 }))).toBe(true)
    const bad = [
      undefined,
      'x',
      {},
      { ...report(0, {}), channel: 7 },
      { ...report(0, {}), channel: 'x'.repeat(301) },
      { ...report(0, {}), at: Number.NaN },
      { ...report(0, {}), events: { say: -1 } },
      { ...report(0, {}), events: { say: { ...handled(1), p99Ms: 'x' } } },
      { ...report(0, {}), requests: null },
      { ...report(0, {}), errors: { EPIPE: {} } },
      { ...report(0, {}), queues: {} },
      { ...report(0, {}), peers: {} },
      { ...report(0, {}), peers: [{ name: {}, events: 0, requests: 0, bufferedBytes: 0 }] },
    ]
    for (const value of bad) expect(isReport(value)).toBe(false)
  })
})

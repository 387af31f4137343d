import { describe, expect, test } from 'vitest'
import { Board, isReport } from '../src/board.ts'
import type { Report } from '../src/report.ts'

const report = (at: number, messages: Record<string, number>, bytesRead = 0): Report => ({
  channel: 'chat',
  address: 'unix:/run/chat.sock',
  pid: 1,
  at,
  messages,
  peers: [{ name: 'ann', messages: 3, waiting: 0 }],
  bytesRead,
  bytesWritten: 0,
})

describe('the board', () => {
  test('gives what lies between two reports, per second', () => {
    const board = new Board(() => true)
    board.add('a', report(1000, { say: 10 }, 100))
    expect(board.view()[0]).toMatchObject({ rate: 0, bytesReadRate: 0 })
    board.add('a', report(1500, { say: 20, new: 5 }, 300))
    expect(board.view()[0]).toMatchObject({
      rate: 30,
      bytesReadRate: 400,
      messages: [
        { name: 'say', total: 20, rate: 20 },
        { name: 'new', total: 5, rate: 10 },
      ],
    })
  })

  test('sums up what may not be seen by name', () => {
    const board = new Board((name) => name === 'say')
    board.add('a', report(0, { say: 1, secret: 2, 'very secret': 3 }))
    expect(board.view()[0]?.messages).toEqual([
      { name: 'say', total: 1, rate: 0 },
      { name: '', total: 5, rate: 0 },
    ])
  })

  test('forgets who has left, and counts the peers that it does not list', () => {
    const board = new Board(() => true)
    const peers = Array.from({ length: 250 }, (_, n) => ({ name: `${n}`, messages: 0, waiting: 0 }))
    board.add('a', { ...report(0, {}), peers })
    expect(board.view()[0]).toMatchObject({ peerCount: 250 })
    expect(board.view()[0]?.peers).toHaveLength(100)
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
      { ...report(0, {}), channel: 'x'.repeat(201) },
      { ...report(0, {}), at: Number.NaN },
      { ...report(0, {}), messages: { say: -1 } },
      { ...report(0, {}), messages: null },
      { ...report(0, {}), peers: {} },
      { ...report(0, {}), peers: [{ name: {}, messages: 0, waiting: 0 }] },
    ]
    for (const value of bad) expect(isReport(value)).toBe(false)
  })
})

import { expect, test } from 'vitest'
import { check, type Handled, type Promises, type Said } from '../src/deaths/history.ts'

const said = (number: number, more: Partial<Said> = {}): Said => ({
  client: 'c',
  number,
  acknowledged: true,
  kept: true,
  failed: undefined,
  life: '1',
  ...more,
})
const handled = (number: number, more: Partial<Handled> = {}): Handled => ({
  client: 'c',
  number,
  redelivered: false,
  life: '9',
  ...more,
})
const exactly: Promises = { once: 'exactly', keptIsHandled: true, allAcknowledged: true, order: 'always' }
const marked: Promises = { once: 'marked', keptIsHandled: false, allAcknowledged: false, order: 'in a life' }

test('a history as it should be has no problem', () => {
  expect(check([said(1), said(2)], [handled(1), handled(2)], exactly)).toEqual([])
  expect(check([said(1)], [handled(1), handled(1, { redelivered: true, life: '10' })], marked)).toEqual([])
  expect(check([said(1, { acknowledged: false })], [], marked)).toEqual([])
})

test.each<[string, readonly Said[], readonly Handled[], Promises, string]>([
  ['lost', [said(1), said(2)], [handled(1)], exactly, '1 lost although acknowledged: c:2'],
  [
    'lost after it was kept',
    [said(1, { acknowledged: false })],
    [],
    { ...exactly, allAcknowledged: false },
    '1 lost although kept by the journal: c:1',
  ],
  ['never settled', [said(1, { acknowledged: false })], [handled(1)], exactly, '1 not acknowledged: c:1'],
  ['handled twice', [said(1)], [handled(1), handled(1)], exactly, '1 handled twice: c:1'],
  ['handled twice by one server', [said(1)], [handled(1), handled(1)], marked, '1 handled twice: c:1'],
  [
    'handled again without a mark',
    [said(1)],
    [handled(1), handled(1, { life: '10' })],
    marked,
    '1 handled again without a mark: c:1',
  ],
  ['out of order', [said(1), said(2)], [handled(2), handled(1)], exactly, '1 out of order: c:1 after 2'],
  ['never said', [], [handled(1)], marked, '1 handled although nobody said it: c:1'],
  ['refused', [said(1, { failed: 'EIO' })], [handled(1)], marked, '1 refused: c:1 EIO'],
])('a message that was %s is found', (_, all, events, promises, problem) => {
  expect(check(all, events, promises)).toEqual([problem])
})

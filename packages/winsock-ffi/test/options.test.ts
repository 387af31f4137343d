/** Checks of options: the same words and codes in every package. */
import { describe, expect, test } from 'vitest'
import { codeOfCall, errorOf } from '@uds/testkit'
import { checkOptions } from '@uds/winsock-ffi'
import {
  boolean,
  checkFunction,
  checkSignal,
  count,
  integer,
  LONGEST_TIMER,
  milliseconds,
  oneOf,
} from '@uds/winsock-ffi/internal'
import { suggestedName } from '../src/options/nearest-name.ts'

const TYPE = 'ERR_INVALID_ARG_TYPE'
const VALUE = 'ERR_INVALID_ARG_VALUE'
const RANGE = 'ERR_OUT_OF_RANGE'
const wrong = (value: unknown): never => value as never

describe('a misspelt option', () => {
  const known = ['timeoutMs', 'retryUntilMs', 'backlog', 'mode', 'authorize']

  test.each([
    ['timeoutMS', 'timeoutMs'],
    ['timoutMs', 'timeoutMs'],
    ['autorize', 'authorize'],
    ['mdoe', 'mode'],
    ['BACKLOG', 'backlog'],
    ['retryUntil', 'retryUntilMs'],
    ['path', undefined],
  ])('%.20s is probably %s', (name, meant) => {
    expect(suggestedName(name, known)).toBe(meant)
  })

  test('is refused with the names that there are, and the one that was probably meant', () => {
    const error = errorOf(() => checkOptions({ timeout_ms: 5 }, 'connect', known))
    expect(error).toMatchObject({ code: VALUE })
    expect(error.message).toBe(
      `connect: the option timeout_ms does not exist (there is ${known.join(', ')}), got 5 (number); did you mean timeoutMs?`,
    )
    expect(errorOf(() => checkOptions({ colour: 1 }, 'connect', known)).message).not.toContain('did you mean')
    expect(errorOf(() => checkOptions({ limt: 1 }, 'open', ['limit'], 'queue.')).message).toContain(
      'queue.limt',
    )
  })
})

test('milliseconds: a number, null and long ones mean no limit', () => {
  expect(milliseconds('f', 'x', undefined, 7)).toBe(7)
  expect(milliseconds('f', 'x', 0, 7)).toBe(0)
  for (const forever of [null, Infinity, LONGEST_TIMER + 1])
    expect(milliseconds('f', 'x', forever, 7)).toBe(Infinity)
  expect(codeOfCall(() => milliseconds('f', 'x', wrong('5'), 7))).toBe(TYPE)
  for (const bad of [-1, Number.NaN]) expect(codeOfCall(() => milliseconds('f', 'x', bad, 7))).toBe(RANGE)
  expect(codeOfCall(() => milliseconds('f', 'x', 0, 7, 1))).toBe(RANGE)
})

test('count: an integer or Infinity', () => {
  expect([count('f', 'x', undefined, 7), count('f', 'x', Infinity, 7), count('f', 'x', 0, 7, 0)]).toEqual([
    7,
    Infinity,
    0,
  ])
  for (const bad of [0, 1.5, -1, Number.NaN]) expect(codeOfCall(() => count('f', 'x', bad, 7))).toBe(RANGE)
  expect(codeOfCall(() => count('f', 'x', wrong(null), 7))).toBe(TYPE)
})

test('integer: between two others', () => {
  expect(integer('f', 'x', 3, 1, 3)).toBe(3)
  for (const bad of [0, 4, 1.5, Infinity]) expect(codeOfCall(() => integer('f', 'x', bad, 1, 3))).toBe(RANGE)
  expect(codeOfCall(() => integer('f', 'x', wrong('2'), 1, 3))).toBe(TYPE)
})

test('boolean, function, signal, one of a few words', () => {
  expect(boolean('f', 'x', false)).toBe(false)
  expect(codeOfCall(() => boolean('f', 'x', wrong(0)))).toBe(TYPE)
  expect(codeOfCall(() => checkFunction('f', 'x', 'text'))).toBe(TYPE)
  expect(checkFunction('f', 'x', undefined)).toBeUndefined()
  expect(checkSignal('f', AbortSignal.abort())).toBeUndefined()
  for (const bad of [null, {}, 'text']) expect(codeOfCall(() => checkSignal('f', bad))).toBe(TYPE)
  expect(oneOf('f', 'x', undefined, ['wait', 'fail'])).toBe('wait')
  expect(errorOf(() => oneOf('f', 'x', wrong('drop'), ['wait', 'fail'])).message).toContain(
    "must be 'wait' or 'fail'",
  )
})

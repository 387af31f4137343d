import { codeOf, codeOfCall, errorOf, rejectionOf, until } from '@uds/testkit'
import { expect, test } from 'vitest'

const failing = (): never => {
  throw Object.assign(new Error('no'), { code: 'ENOENT' })
}

test('the error of a call is what it throws, and a call that returns is an error itself', () => {
  expect(errorOf(failing)).toMatchObject({ message: 'no', code: 'ENOENT' })
  expect(() => errorOf(() => 1)).toThrow('it did not throw')
})

test('the rejection of a promise is what it rejects with, and one that resolves is an error itself', async () => {
  expect(await rejectionOf(Promise.resolve().then(failing))).toMatchObject({ code: 'ENOENT' })
  await expect(rejectionOf(Promise.resolve(1))).rejects.toThrow('it did not reject')
})

test('a code is told from an error without one, and from no error', async () => {
  const bare = new Error('bare')
  expect(codeOfCall(failing)).toBe('ENOENT')
  expect(codeOfCall(() => 1)).toBe('no error')
  expect(await codeOf(Promise.reject(bare))).toBe(bare)
  expect(await codeOf(Promise.resolve())).toBe('no error')
})

test('until resolves after the condition has become true, and lets timers run meanwhile', async () => {
  let ready = false
  setTimeout(() => (ready = true), 5)
  await until(() => ready)
  expect(ready).toBe(true)
})

import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { describe, expect, test } from 'vitest'
import { SocketError } from '@uds/winsock-ffi'
import { errnoCode } from '../src/errors/posix/errno.ts'
import { errorRow, systemError, win32Errors, winsockErrors } from '../src/errors/win32/error-codes.ts'

/** The codes that Node itself knows, on the system of this run. */
const nodeCodes = new Set([...getSystemErrorMap().values()].map(([name]) => name))
// What a table may say beyond: codes of POSIX that this system's Node lacks.
const known = new Set([
  ...nodeCodes,
  'ENOPROTOOPT',
  'ESOCKTNOSUPPORT',
  'EDESTADDRREQ',
  'EPROTOTYPE',
  'UNKNOWN',
])

describe('the error tables of Windows', () => {
  test.each(Object.entries({ ...winsockErrors, ...win32Errors }))(
    '%s has a name and a code of Node',
    (number, row) => {
      expect(row[0]).toMatch(/^(WSA|ERROR_|WAIT_)/)
      expect(known).toContain(row[1])
      expect(errorRow(Number(number))).toBe(row)
    },
  )

  test('keep Winsock and Win32 numbers apart', () => {
    expect(Object.keys(winsockErrors).every((number) => Number(number) >= 10_000)).toBe(true)
    expect(Object.keys(win32Errors).every((number) => Number(number) < 10_000)).toBe(true)
  })

  test('say what to do about a number that they do not have', () => {
    const error = systemError(99_999, 'connect')
    expect(error).toMatchObject({ code: 'UNKNOWN', nativeCode: 99_999, syscall: 'connect' })
    expect(error.message).toContain('net helpmsg 99999')
  })
})

describe('the errno of this system', () => {
  test('has the name that Node gives it', () => {
    if (process.platform === 'win32') return
    for (const [name, number] of Object.entries(constants.errno)) {
      // Aliases share a number, and Node has chosen among them.
      const ofNode = getSystemErrorMap().get(-number)?.[0]
      expect(errnoCode(number)).toBe(ofNode ?? errnoCode(number))
      expect(constants.errno[errnoCode(number) as keyof typeof constants.errno] ?? number).toBe(
        errnoCode(number) === 'ENOTSUP' ? constants.errno.ENOTSUP : number,
      )
      expect(name).toMatch(/^E/)
    }
  })

  test('is UNKNOWN for a number that means nothing', () => {
    expect(errnoCode(54_321)).toBe('UNKNOWN')
  })
})

describe('a SocketError', () => {
  const error = new SocketError({
    code: 'ECONNREFUSED',
    syscall: 'connect',
    address: 'unix:/x',
    nativeCode: 111,
    advice: 'start it',
    cause: new Error('inner'),
  })

  test('looks like an error of Node, and says what, where and what to do', () => {
    expect(error.message).toBe('connect ECONNREFUSED unix:/x: connection refused (start it)')
    expect(error).toMatchObject({
      name: 'SocketError',
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address: 'unix:/x',
    })
    expect(error.errno).toBe([...getSystemErrorMap()].find(([, [name]]) => name === 'ECONNREFUSED')?.[0])
    expect((error.cause as Error).message).toBe('inner')
  })

  test('is recognised across copies of the package, and nothing else is', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('@uds/SocketError')]: true })
    expect(foreign instanceof SocketError).toBe(true)
    expect(new Error('x') instanceof SocketError).toBe(false)
    expect((null as unknown) instanceof SocketError).toBe(false)
    class Special extends SocketError {}
    expect(error instanceof Special).toBe(false)
    expect(new Special({ code: 'EPIPE', syscall: 'send' }) instanceof SocketError).toBe(true)
  })
})

test('a SocketError has the parts of its message, and the name of its advice', () => {
  const parts = { detail: 'what happened', advice: 'what to do', adviceCode: 'take-over' } as const
  const error = new SocketError({ code: 'EADDRINUSE', syscall: 'listen', address: 'unix:/x', ...parts })
  expect(error).toMatchObject(parts)
  expect(error.message).toBe('listen EADDRINUSE unix:/x: what happened (what to do)')
  const plain = new SocketError({ code: 'ENOENT', syscall: 'connect' })
  expect(plain).toMatchObject({
    detail: 'no such file or directory',
    advice: undefined,
    adviceCode: undefined,
  })
  expect(Object.keys(plain)).not.toContain('detail')
})

import { errorOf } from '@uds/testkit'
import { getuid, pid, ppid } from 'node:process'
import { describe, expect, test } from 'vitest'
import {
  bindTable,
  defineLibrary,
  kernel32Library,
  libc,
  libcLibrary,
  SocketError,
  winsock,
  type Bound,
  type Library,
} from '@uds/winsock-ffi'

const onWindows = process.platform === 'win32'

const posixRows = {
  getppid: { args: [], result: 'int', fails: 'never' },
  getpgid: { args: ['int'], result: 'int', fails: 'negative' },
  nosuchfunction: { args: [], result: 'int', fails: 'never' },
} as const
const windowsRows = {
  GetCurrentProcessId: { args: [], result: 'DWORD', fails: 'never' },
  SetHandleInformation: { args: ['HANDLE', 'DWORD', 'DWORD'], result: 'BOOL', fails: 'zero' },
  nosuchfunction: { args: [], result: 'int', fails: 'never' },
} as const

const library: Library = onWindows ? kernel32Library : libcLibrary
const posix: Bound<typeof posixRows> = bindTable(library, posixRows)
const windows: Bound<typeof windowsRows> = bindTable(library, windowsRows)
/** A call of one int that fails with a negative result or 0, whichever this system has. */
const failing = onWindows
  ? (): unknown => windows.SetHandleInformation(0x7ffe, 1, 0)
  : (): unknown => posix.getpgid(-5)
const oneArgument = (value: unknown): unknown =>
  onWindows ? windows.SetHandleInformation(value as number, 1, 0) : posix.getpgid(value as number)

describe('a row', () => {
  test('calls the function that it names', () => {
    if (onWindows) expect(windows.GetCurrentProcessId()).toBe(pid)
    else expect(posix.getppid()).toBe(ppid)
  })

  test('turns what means failure into a SocketError with the number of the system', () => {
    const error = errorOf(failing)
    expect(error).toBeInstanceOf(SocketError)
    expect(error.nativeCode).toBeGreaterThan(0)
    expect(error.code).toMatch(/^E/)
  })

  test('gives the negated number instead, when attempted', () => {
    const result = onWindows ? windows.SetHandleInformation.attempt(0x7ffe, 1, 0) : posix.getpgid.attempt(-5)
    expect(result).toBe(-(errorOf(failing).nativeCode ?? 0))
  })

  test.each([['1'], [1.5], [Number.NaN], [2 ** 53], [undefined], [null], [{}], [1n]])(
    'refuses %s for an integer',
    (value) => {
      const error = errorOf(() => oneArgument(value))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.code).toBe('ERR_INVALID_ARG_TYPE')
      expect(error.message).toMatch(/argument 1 \((int|HANDLE)\) must be an integer/)
    },
  )

  test('refuses too few and too many arguments, and says which it takes', () => {
    const call = (onWindows ? windows.SetHandleInformation : posix.getpgid) as (...args: number[]) => unknown
    for (const args of [[], [1, 2, 3, 4]]) {
      const error = errorOf(() => call(...args))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.code).toBe('ERR_MISSING_ARGS')
    }
  })

  test('refuses what is no memory for a pointer', () => {
    for (const value of ['text', 5, {}, [1, 2], undefined]) {
      const call = (): unknown =>
        onWindows ? winsock.WSAStartup(1, value as never) : libc.send(0, value as never, 1, 0)
      expect(errorOf(call).code).toBe('ERR_INVALID_ARG_TYPE')
    }
  })

  test('that the library does not have is ENOTSUP at its first use, and says so', () => {
    const error = errorOf(() => posix.nosuchfunction())
    expect(error).toMatchObject({ code: 'ENOTSUP' })
    expect(error.message).toContain('has no function nosuchfunction')
  })
})

test('a library that is not there is ENOTSUP with the names that were tried', () => {
  const missing = defineLibrary({
    name: 'missing',
    files: ['libnosuchlibrary.so.7', 'nosuchlibrary7.dll'],
    lastError: () => () => 0,
    toError: () => new SocketError({ code: 'UNKNOWN', syscall: 'x' }),
  })
  const calls = bindTable(missing, posixRows)
  const error = errorOf(() => calls.getppid())
  expect(error).toMatchObject({ code: 'ENOTSUP' })
  expect(error.message).toContain('libnosuchlibrary.so.7')
  expect((error.cause as AggregateError).errors).toHaveLength(2)
})

test('the calls of the other system are ENOTSUP, and say what to use', () => {
  const error = onWindows ? errorOf(() => libc.close(99)) : errorOf(() => winsock.WSAGetLastError())
  expect(error).toMatchObject({ code: 'ENOTSUP' })
  expect(error.message).toContain('sockets')
})

test('variadic functions get their last argument', () => {
  if (onWindows) return
  expect(getuid?.()).toBeTypeOf('number')
  // F_GETFD of standard error: 0 or FD_CLOEXEC
  expect([0, 1]).toContain(libc.fcntl(2, 1, 0))
})

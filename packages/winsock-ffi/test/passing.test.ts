/** Which failures pass by themselves. */
import { expect, test } from 'vitest'
import { SocketError } from '@uds/winsock-ffi'
import { isScarcity, mayConnectLater } from '@uds/winsock-ffi/internal'

const failed = (code: string): SocketError => new SocketError({ code, syscall: 'connect' })

test.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])(
  '%s is scarcity, and a connect may succeed later',
  (code) => {
    expect(isScarcity(failed(code))).toBe(true)
    expect(mayConnectLater(failed(code))).toBe(true)
  },
)

test.each(['ENOENT', 'ECONNREFUSED', 'EAGAIN', 'EBUSY', 'ETIMEDOUT', 'ECONNRESET', 'EPIPE'])(
  '%s passes when a server comes',
  (code) => {
    expect(isScarcity(failed(code))).toBe(false)
    expect(mayConnectLater(failed(code))).toBe(true)
  },
)

test('EACCES passes only at servers that set permissions after they listen', () => {
  expect(mayConnectLater(failed('EACCES'))).toBe(false)
  expect(mayConnectLater(failed('EACCES'), { unfinished: true })).toBe(true)
})

test.each([undefined, null, 'ENOENT', new Error('x'), { code: 7 }, failed('toString'), failed('EPROTOTYPE')])(
  '%j does not pass',
  (error) => expect(mayConnectLater(error, { unfinished: true })).toBe(false),
)

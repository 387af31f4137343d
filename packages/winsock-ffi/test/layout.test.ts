/** The numbers and layouts of this package against the C compiler of the machine, and against what is written down. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { needs, tempDir } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import { darwinLayout, linuxLayout, windowsLayout } from '@uds/winsock-ffi'
import { layout } from '../src/address/layout.ts'
import { constants, darwin, linux } from '../src/constants/posix.ts'
import { darwinMessage, linuxMessage } from '../src/system-calls/posix/messages.ts'
import { systemCalls as posix } from '../src/system-calls/posix/sockets.ts'
import * as win32 from '../src/constants/win32.ts'
import { systemCalls as windows } from '../src/system-calls/win32/sockets.ts'

const cc = needs('cc')
const onDarwin = process.platform === 'darwin'

/** Prints what the C compiler of this machine says of each expression. */
const ask = (headers: readonly string[], expressions: readonly string[]): Record<string, number> => {
  const directory = tempDir()
  const source = join(directory, 'ask.c')
  const program = join(directory, 'ask')
  writeFileSync(
    source,
    [
      '#define _GNU_SOURCE',
      '#include <stddef.h>',
      '#include <stdio.h>',
      ...headers.map((header) => `#include <${header}>`),
      'int main(void) {',
      ...expressions.map((each) => `  printf("%s=%lld\\n", "${each}", (long long)(${each}));`),
      '}',
    ].join('\n'),
  )
  execFileSync(cc.path, ['-w', '-o', program, source])
  const lines = execFileSync(program, { encoding: 'utf8' }).trim().split('\n')
  return Object.fromEntries(
    lines.map((line) => line.split('=') as [string, string]).map(([k, v]) => [k, Number(v)]),
  )
}

const headers = [
  'sys/socket.h',
  'sys/un.h',
  'sys/ioctl.h',
  'sys/uio.h',
  'netinet/in.h',
  'netinet/tcp.h',
  'poll.h',
  'fcntl.h',
]

describe.skipIf(cc.missing)('what the C compiler says of this system', () => {
  test('agrees with every constant', () => {
    const own: Record<string, number> = { ...(onDarwin ? darwin : linux) }
    // Not names of C here: sizeof(sun_path); a flag that the system does not have; seconds instead of ticks.
    const { UNIX_PATH_MAX, SO_LINGER, ...rest } = own
    // Younger than the headers of Debian: written down a second time below.
    for (const name of ['SO_PEERPIDFD', 'SO_PASSRIGHTS']) delete rest[name]
    const names = Object.keys(rest).filter((name) => rest[name] !== 0 || /^(SHUT_RD|SOL_LOCAL)$/.test(name))
    const linger = onDarwin ? 'SO_LINGER_SEC' : 'SO_LINGER'
    const extra = onDarwin ? ['sys/filio.h'] : []
    const real = ask(
      [...headers, ...extra],
      [...names, linger, 'sizeof(((struct sockaddr_un *)0)->sun_path)'],
    )
    expect(real).toEqual({
      ...Object.fromEntries(names.map((name) => [name, rest[name]])),
      [linger]: SO_LINGER,
      'sizeof(((struct sockaddr_un *)0)->sun_path)': UNIX_PATH_MAX,
    })
  })

  test('agrees with msghdr, cmsghdr, pollfd, ucred, timeval and sockaddr', () => {
    const m = onDarwin ? darwinMessage : linuxMessage
    const expected: Record<string, number> = {
      'sizeof(struct msghdr)': m.size,
      'offsetof(struct msghdr, msg_namelen)': m.namelen,
      'offsetof(struct msghdr, msg_iov)': m.iov,
      'offsetof(struct msghdr, msg_iovlen)': m.iovlen,
      'offsetof(struct msghdr, msg_control)': m.control,
      'offsetof(struct msghdr, msg_controllen)': m.controllen,
      'offsetof(struct msghdr, msg_flags)': m.flags,
      'sizeof(struct cmsghdr)': m.cmsgHeader,
      'CMSG_LEN(4)': m.cmsgHeader + 4,
      'CMSG_SPACE(4)': m.cmsgHeader + m.cmsgAlign,
      'sizeof(struct iovec)': 16,
      'sizeof(struct pollfd)': 8,
      'offsetof(struct pollfd, events)': 4,
      'offsetof(struct pollfd, revents)': 6,
      'sizeof(struct timeval)': 16,
      'sizeof(struct linger)': posix.lingerSize,
      'offsetof(struct sockaddr_un, sun_path)': 2,
      'sizeof(struct sockaddr_in)': 16,
      'offsetof(struct sockaddr_in, sin_port)': 2,
      'offsetof(struct sockaddr_in, sin_addr)': 4,
      'sizeof(struct sockaddr_in6)': 28,
      'offsetof(struct sockaddr_in6, sin6_addr)': 8,
      'offsetof(struct sockaddr_in6, sin6_scope_id)': 24,
      'offsetof(struct sockaddr_un, sun_family)': onDarwin ? 1 : 0,
      ...(!onDarwin && { 'sizeof(struct ucred)': 12, 'offsetof(struct ucred, uid)': 4 }),
    }
    expect(ask([...headers, 'sys/time.h'], Object.keys(expected))).toEqual(expected)
  })
})

/** The other systems cannot be asked here; these are the values of their headers, written down a second time. */
describe('what is written down of the other systems', () => {
  test('macOS: xnu bsd/sys/socket.h and bsd/sys/un.h', () => {
    expect(darwin).toMatchObject({ SOL_SOCKET: 65_535, AF_INET6: 30, MSG_DONTWAIT: 128, SO_NOSIGPIPE: 4130 })
    expect(darwinLayout).toMatchObject({
      lengthByte: true,
      UNIX_PATH_MAX: 104,
      AF_INET6: 30,
      abstractNames: false,
    })
    expect(darwinMessage).toMatchObject({ size: 48, flags: 44, cmsgHeader: 12, cmsgAlign: 4 })
  })

  test('Linux: include/uapi of the kernel', () => {
    expect(linux).toMatchObject({
      SOL_SOCKET: 1,
      AF_INET6: 10,
      MSG_DONTWAIT: 64,
      MSG_NOSIGNAL: 16_384,
      SO_PEERCRED: 17,
      SO_PEERPIDFD: 77,
      SO_PASSRIGHTS: 83,
    })
    expect(linuxLayout).toMatchObject({ lengthByte: false, UNIX_PATH_MAX: 108, abstractNames: true })
    expect(linuxMessage).toMatchObject({ size: 56, flags: 48, cmsgHeader: 16, cmsgAlign: 8 })
  })

  test('Windows: winsock2.h, ws2def.h and afunix.h', () => {
    expect(win32).toMatchObject({
      AF_UNIX: 1,
      AF_INET6: 23,
      SOL_SOCKET: 65_535,
      FIONBIO: 2_147_772_030,
      FD_ACCEPT: 8,
      FD_CLOSE: 32,
      SIO_AF_UNIX_GETPEERPID: 1_476_395_264,
      UNIX_PATH_MAX: 108,
      WSA_INFINITE: 4_294_967_295,
    })
    expect(windowsLayout).toMatchObject({ lengthByte: false, UNIX_PATH_MAX: 108, AF_INET6: 23 })
  })
})

describe.each([
  ['POSIX', posix, 8],
  ['Windows', windows, 4],
] as const)('struct linger of %s', (_system, native, size) => {
  test('comes back as it was', () => {
    for (const seconds of [null, 0, 1, 300]) {
      const bytes = native.encodeLinger(seconds)
      expect(bytes).toHaveLength(size)
      expect(native.decodeLinger(bytes)).toBe(seconds)
    }
  })
})

test('the constants of this system are the ones in use', () => {
  expect(layout).toEqual(process.platform === 'win32' ? windowsLayout : onDarwin ? darwinLayout : linuxLayout)
  expect(constants).toBe(onDarwin ? darwin : linux)
})

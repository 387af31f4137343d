/** What a wrong argument is told, before any system call. */
import { errorOf } from '@uds/testkit'
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import {
  LocalListener,
  LocalSocketAddr,
  LocalStream,
  UnixDatagram,
  UnixListener,
  UnixSocketAddr,
  UnixStream,
  WinListener,
  WinPipeSocketAddr,
  WinStream,
  type BlockingStream,
  type TransferToken,
} from '../src/index.ts'
import { onWindows } from '../src/system.ts'
import { bytes, expectCode } from './expect.ts'
import { kindsHere, win } from './kinds.ts'

const wrong = (value: unknown): never => value as never

describe('names of pipes', () => {
  const long = `\\\\.\\pipe\\${'x'.repeat(248)}`
  test.each([
    ['', 'must begin with two backslashes'],
    ['pipe', 'must begin with two backslashes'],
    [String.raw`\.\pipe\name`, 'must begin with two backslashes'],
    [String.raw`\\.\pipe` + '\\', 'too short'],
    [String.raw`\\\pipe\name`, 'must name a computer'],
    ['\\\\computername', 'must have \\pipe\\ behind the computer name'],
    [String.raw`\\.\PIPE\name`, 'must have \\pipe\\, in small letters'],
    [String.raw`\\.\pope\name`, 'must have \\pipe\\'],
    [String.raw`\\server\pipe` + '\\', 'must have a name behind'],
    [String.raw`\\.\pipe\a\b`, 'must not have a backslash in the name'],
    [String.raw`\\a.example.com\pipe\name`, 'has a computer name'],
    [String.raw`\\10.0.0.1\pipe\name`, 'has a computer name'],
    [String.raw`\\a*b\pipe\name`, 'has a computer name'],
    [String.raw`\\?\pipe\name`, 'has a computer name'],
    [`${long}y`, 'must have 256 characters at most, and has 258'],
    ['\\\\.\\pipe\\a\0b', 'must not contain a NUL'],
    ['\\\\.\\pipe\\a\uD800', 'lone surrogate'],
  ])('%j is refused in words', (name, why) => {
    const error = errorOf(() => WinPipeSocketAddr.fromPathname(name))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.code).toBe('ERR_INVALID_ARG_VALUE')
    expect(error.message).toContain(why)
  })

  test('the longest, the shortest and a remote one are taken', () => {
    for (const name of [long.slice(0, 256), String.raw`\\.\pipe\a`, String.raw`\\SERVER\pipe\a`])
      expect(WinPipeSocketAddr.fromPathname(name).asPathname()).toBe(name)
  })

  test('every name that is taken begins with a computer and \\pipe\\', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', '\\\\.\\pipe\\', '\\\\a\\pipe\\'), (text, prefix) => {
        let name: string | undefined
        try {
          name = WinPipeSocketAddr.fromPathname(prefix + text).asPathname()
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError)
        }
        if (name !== undefined) expect(name).toMatch(/^\\\\[^\\]+\\pipe\\[^\\]+$/)
      }),
    )
  })

  test.each([
    [`pipe:${'\u00e9'.repeat(200)}`, `\\\\.\\pipe\\${'\u00e9'.repeat(200)}`],
    [String.raw`pipe:a\b`, String.raw`\\.\pipe\a\b`],
    [String.raw`\\?\pipe\x`, String.raw`\\.\pipe\x`],
    [String.raw`\\server\pipe\x`, String.raw`\\server\pipe\x`],
    ['npipe:////./pipe/x', String.raw`\\.\pipe\x`],
  ])('%s means the pipe that it means in @uds/stream', (text, name) => {
    expect(LocalSocketAddr.fromPathname(text).asPathname()).toBe(name)
  })

  test.each([String.raw`\\server\share\x.sock`, './@x', 'C:\\x.sock', 'unix:x'])(
    '%s is a path of AF_UNIX, as in @uds/stream',
    (text) => {
      const path = text.replace(/^unix:/, '')
      expect(LocalSocketAddr.fromPathname(text)).toEqual(UnixSocketAddr.fromPathname(path))
    },
  )

  test.each(['tcp:localhost:80', 'memory:x', 'fd:3'])(
    '%s is of another layer, and those of this one are listed',
    (text) => {
      const error = errorOf(() => LocalStream.connect(text))
      expect(error.code).toBe('ERR_INVALID_ARG_VALUE')
      expect(error.message).toContain('not taken here (taken: name, unix, pipe)')
    },
  )

  test('a pipe of another computer cannot be bound', () => {
    expectCode('EADDRNOTAVAIL', () => WinListener.bind(String.raw`\\server\pipe\name`))
  })

  test('an unnamed address can be neither bound nor connected to', () => {
    expectCode('EADDRNOTAVAIL', () => WinListener.bindAddr(WinPipeSocketAddr.unnamed))
    expectCode('EADDRNOTAVAIL', () => WinStream.connectAddr(WinPipeSocketAddr.unnamed))
  })

  test.skipIf(onWindows)('off Windows every way to a pipe is ENOTSUP and says what to use', () => {
    for (const call of [
      () => WinListener.bind(String.raw`\\.\pipe\a`),
      () => WinStream.connect(String.raw`\\.\pipe\a`),
      () => WinStream.pair(),
      () => WinStream.fromRawHandle(4),
    ]) {
      const error = errorOf(call)
      expect(error.code).toBe('ENOTSUP')
      expect(error.message).toContain('UnixStream')
    }
  })
})

const text = (address: string): string => String(LocalSocketAddr.fromPathname(address))

describe('local addresses', () => {
  test('say what they are', () => {
    expect(text('unix:/run/a')).toBe('unix:/run/a')
    expect(text('/run/a')).toBe('unix:/run/a')
    expect(text('./a')).toBe('unix:./a')
    expect(text('unix:a')).toBe('unix:a')
    expect(text('unix:./@a')).toBe('unix:./@a')
    expect(text(String.raw`C:\a.sock`)).toBe(String.raw`unix:C:\a.sock`)
    expect(text('pipe:a')).toBe('pipe:a')
    expect(text(String.raw`\\.\pipe\a`)).toBe('pipe:a')
    expect(text(String.raw`\\?\pipe\a`)).toBe('pipe:a')
    expect(text('npipe:////./pipe/docker_engine')).toBe('pipe:docker_engine')
    expect(text(String.raw`\\server\pipe\a`)).toBe(String.raw`\\server\pipe\a`)
    expect(text('name:chat')).toBe(text('chat'))
    expect(text('chat')).toMatch(/chat/)
  })

  test('print as text that reads the same', () => {
    for (const address of ['unix:/run/a', 'pipe:a', 'name:chat']) {
      const read = LocalSocketAddr.fromPathname(address)
      expect(read.equals(LocalSocketAddr.fromPathname(String(read)))).toBe(true)
      expect(read instanceof LocalSocketAddr).toBe(true)
    }
  })

  test.each(['http://localhost', 'ipc:/run/a', 'tcp:127.0.0.1:80'])(
    '%s is no known scheme, and those are listed',
    (address) => {
      const error = errorOf(() => LocalStream.connect(address))
      expect(error.code).toBe('ERR_INVALID_ARG_VALUE')
      expect(error.message).toContain('name, unix, pipe')
    },
  )

  test.each(['', 'name:', 'a b|c', '.hidden', 'name:a/b', 'a\u0007'])('%j is no name', (address) => {
    expect(errorOf(() => LocalListener.bind(address))).toBeInstanceOf(TypeError)
  })

  test('what is no text is refused', () => {
    expectCode('ERR_INVALID_ARG_TYPE', () => LocalStream.connect(wrong(7)))
    expectCode('ERR_INVALID_ARG_TYPE', () => UnixStream.connectAddr(wrong('/run/a')))
    expectCode('ERR_INVALID_ARG_TYPE', () => WinStream.connectAddr(wrong('a')))
    expectCode('ERR_INVALID_ARG_VALUE', () => UnixSocketAddr.fromPathname(''))
    expectCode('ERR_INVALID_ARG_VALUE', () => UnixSocketAddr.fromPathname('a\0b'))
    expectCode('ENAMETOOLONG', () => UnixSocketAddr.fromPathname('x'.repeat(109)))
  })
})

describe.each(kindsHere)('$name', (kind) => {
  const withPair = (use: (a: BlockingStream, b: BlockingStream) => void): void => {
    const [a, b] = kind.pair()
    try {
      use(a, b)
    } finally {
      a.close()
      b.close()
    }
  }

  test.each([-1, Number.NaN, Infinity, 0])('a timeout of %d is refused where it is set', (ms) => {
    withPair((a) => {
      for (const call of [() => a.setReadTimeout(ms), () => a.setWriteTimeout(ms)]) {
        expect(errorOf(call)).toBeInstanceOf(RangeError)
        expectCode('ERR_OUT_OF_RANGE', call)
      }
    })
  })

  test.each([-1, Number.NaN, Infinity])(
    'a time of %d is refused by connectWithTimeout and by calls',
    (ms) => {
      expectCode('ERR_OUT_OF_RANGE', () => kind.connectWithTimeout(kind.fresh(), ms))
      withPair((a) => expectCode('ERR_OUT_OF_RANGE', () => a.read(Buffer.alloc(1), { timeoutMs: ms })))
    },
  )

  test('what is no number, no buffer, no direction is refused', () => {
    withPair((a) => {
      expectCode('ERR_INVALID_ARG_TYPE', () => a.setReadTimeout(wrong('1')))
      expectCode('ERR_INVALID_ARG_TYPE', () => a.read(wrong('text')))
      expectCode('ERR_INVALID_ARG_TYPE', () => a.write(wrong('text')))
      expect(errorOf(() => a.write(wrong('text'))).message).toContain('Buffer.from(text)')
      expectCode('ERR_INVALID_ARG_TYPE', () => a.writeAll(wrong([1, 2])))
      expectCode('ERR_INVALID_ARG_TYPE', () => a.writeVectored(wrong(bytes('x'))))
      expectCode('ERR_INVALID_ARG_TYPE', () => a.shutdown(wrong('reading')))
      expectCode('ERR_INVALID_ARG_TYPE', () => a.setNonblocking(wrong(1)))
      expectCode('ERR_OUT_OF_RANGE', () => a.readExact(-1))
      expectCode('ERR_INVALID_ARG_TYPE', () => kind.Stream.fromTransfer(wrong({})))
      expectCode('ERR_INVALID_ARG_TYPE', () => kind.Stream.fromTransfer(wrong(null)))
    })
  })

  test('a detached buffer is refused, an empty one reads and writes nothing', () => {
    withPair((a) => {
      const detached = new Uint8Array(8)
      structuredClone(detached.buffer, { transfer: [detached.buffer] })
      expectCode('ERR_INVALID_ARG_VALUE', () => a.read(detached))
      expectCode('ERR_INVALID_ARG_VALUE', () => a.write(detached))
      expect([a.read(Buffer.alloc(0)), a.write(Buffer.alloc(0))]).toEqual([0, 0])
    })
  })

  test('buffers of other kinds of memory work: a view, shared memory', () => {
    withPair((a, b) => {
      const shared = new Uint8Array(new SharedArrayBuffer(16))
      shared.set(bytes('0123456789abcdef'))
      a.writeAll(shared.subarray(2, 6))
      const target = new Uint8Array(new SharedArrayBuffer(16))
      expect(b.read(target.subarray(4))).toBe(4)
      expect(Buffer.from(target).toString('latin1', 4, 8)).toBe('2345')
    })
  })

  test('use after close is EBADF, closing again is nothing', () => {
    const [a, b] = kind.pair()
    a.close()
    a.close()
    const calls: (() => unknown)[] = [
      () => a.read(Buffer.alloc(1)),
      () => a.write(bytes('x')),
      () => a.flush(),
      () => a.shutdown('both'),
      () => a.setReadTimeout(1),
      () => a.readTimeout(),
      () => a.tryClone(),
      () => a.transfer(),
      () => a.peerAddr(),
      () => a.takeError(),
      () => a.rawHandle,
      () => a.setNonblocking(true),
    ]
    for (const call of calls) expectCode('EBADF', call)
    b.close()
  })

  test('a token is used once, and its stream is closed where it came from', () => {
    const [a, b] = kind.pair()
    const token: TransferToken = a.transfer()
    expectCode('EBADF', () => a.write(bytes('x')))
    const again = kind.Stream.fromTransfer(token)
    expectCode('ERR_INVALID_ARG_VALUE', () => kind.Stream.fromTransfer(token))
    expectCode('ERR_INVALID_ARG_TYPE', () => kind.Listener.fromTransfer(token))
    again.close()
    b.close()
  })
})

test.each([UnixStream, UnixListener, UnixDatagram, WinStream, WinListener])('new %o is refused', (made) => {
  const make = made as unknown as new (address: string) => unknown
  const error = errorOf(() => new make('/run/chat.sock'))
  expect(error.code).toBe('ERR_INVALID_ARG_TYPE')
  expect(error.message).toMatch(/^new \w+: the state must be made by this package: call .* bind or pair/)
})

test('options that mean nothing are refused', () => {
  expectCode('ERR_OUT_OF_RANGE', () => UnixListener.bind('/nowhere/s', { backlog: -1 }))
  for (const mode of [600, 0o1000, -1, 0.5]) {
    const error = errorOf(() => UnixListener.bind('/nowhere/s', { mode }))
    expect([error.code, error.message]).toEqual(['ERR_OUT_OF_RANGE', expect.stringContaining('as 0o600')])
  }
  expectCode('ERR_INVALID_ARG_TYPE', () => UnixListener.bind('/nowhere/s', { mode: wrong('0600') }))
  expectCode('ERR_INVALID_ARG_TYPE', () => UnixListener.bind('/nowhere/s', { removeStale: wrong('yes') }))
  expectCode('ERR_OUT_OF_RANGE', () => WinListener.bind(win.fresh(), { backlog: 64 }))
  expectCode('ERR_OUT_OF_RANGE', () => WinListener.bind(win.fresh(), { bufferSize: 0 }))
  expectCode('ERR_INVALID_ARG_TYPE', () => WinListener.bind(win.fresh(), { messageMode: wrong('yes') }))
  expectCode('ERR_INVALID_ARG_TYPE', () => WinStream.connect(win.fresh(), { verifyServer: wrong('me') }))
})

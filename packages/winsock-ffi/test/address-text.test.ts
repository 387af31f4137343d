import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VsockAddress } from '@uds/winsock-ffi'
import { formatAddress, parseAddress, type Address } from '@uds/winsock-ffi/internal'
import { linuxLayout } from '../src/address/sockaddr.ts'
import { decodeKnownAddress } from '../src/address/socket-address.ts'

const code = (text: unknown, options?: Parameters<typeof parseAddress>[1]): string => {
  try {
    parseAddress(text as string, options)
    return 'no error'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('what a text means', () => {
  test.each<[string, Address]>([
    ['unix:/run/x.sock', { scheme: 'unix', path: '/run/x.sock' }],
    ['unix:///run/x.sock', { scheme: 'unix', path: '///run/x.sock' }],
    ['unix:C:\\x\\y.sock', { scheme: 'unix', path: 'C:\\x\\y.sock' }],
    ['unix:x', { scheme: 'unix', path: 'x' }],
    ['unix:a:b', { scheme: 'unix', path: 'a:b' }],
    ['unix:@name', { scheme: 'unix', abstract: 'name' }],
    [String.raw`unix:@padded\0\0`, { scheme: 'unix', abstract: 'padded\0\0' }],
    [String.raw`unix:@a\\0\b`, { scheme: 'unix', abstract: String.raw`a\0\b` }],
    ['unix:@a\0', { scheme: 'unix', abstract: 'a\0' }],
    ['@x/y', { scheme: 'unix', path: './@x/y' }],
    ['//./pipe/x', { scheme: 'unix', path: '//./pipe/x' }],
    [String.raw`\\SERVER\pipe\x`, { scheme: 'pipe', name: 'x', host: 'SERVER' }],
    [String.raw`pipe:\\SERVER\pipe\x`, { scheme: 'pipe', name: 'x', host: 'SERVER' }],
    [String.raw`\\server\share\x.sock`, { scheme: 'unix', path: String.raw`\\server\share\x.sock` }],
    [`pipe:${'\u00e9'.repeat(200)}`, { scheme: 'pipe', name: '\u00e9'.repeat(200) }],
    ['unix:./@x', { scheme: 'unix', path: './@x' }],
    ['pipe:docker_engine', { scheme: 'pipe', name: 'docker_engine' }],
    ['npipe:////./pipe/docker_engine', { scheme: 'pipe', name: 'docker_engine' }],
    ['npipe:\\\\.\\pipe\\docker_engine', { scheme: 'pipe', name: 'docker_engine' }],
    ['\\\\.\\pipe\\x\\y', { scheme: 'pipe', name: 'x\\y' }],
    ['\\\\?\\pipe\\x', { scheme: 'pipe', name: 'x' }],
    ['name:chat', { scheme: 'name', name: 'chat' }],
    ['tcp:localhost:80', { scheme: 'tcp', host: 'localhost', port: 80 }],
    ['tcp:[::1]:80', { scheme: 'tcp', host: '::1', port: 80 }],
    ['tcp:127.0.0.1:0', { scheme: 'tcp', host: '127.0.0.1', port: 0 }],
    ['memory:x', { scheme: 'memory', name: 'x' }],
    ['fd:3', { scheme: 'fd', fd: 3 }],
    ['/run/x:1', { scheme: 'unix', path: '/run/x:1' }],
    ['./x', { scheme: 'unix', path: './x' }],
    ['x/y', { scheme: 'unix', path: 'x/y' }],
    ['x\\y', { scheme: 'unix', path: 'x\\y' }],
    ['C:\\x.sock', { scheme: 'unix', path: 'C:\\x.sock' }],
    ['c:x.sock', { scheme: 'unix', path: 'c:x.sock' }],
  ])('%s', (text, expected) => {
    expect(parseAddress(text)).toEqual(expected)
  })

  test('a bare word is ambiguous, or what the caller says', () => {
    expect(code('chat')).toBe('ERR_AMBIGUOUS_ADDRESS')
    expect(parseAddress('chat', { bareWord: 'name' })).toEqual({ scheme: 'name', name: 'chat' })
    expect(parseAddress('chat', { bareWord: 'path' })).toEqual({ scheme: 'unix', path: 'chat' })
    expect(parseAddress('@chat', { bareWord: 'path' })).toEqual({ scheme: 'unix', path: './@chat' })
  })

  test('the message of an ambiguous word says what to write', () => {
    expect(() => parseAddress('chat')).toThrow(/unix:\.\/chat.*name:chat.*pipe:chat/)
  })

  test('vsock has a context and a port, or any', () => {
    expect(parseAddress('vsock:2:1024')).toEqual({ scheme: 'vsock', cid: 2, port: 1024 })
    const any = { scheme: 'vsock', cid: 0xffff_ffff, port: 0xffff_ffff } as const
    expect(parseAddress('vsock:any:any')).toEqual(any)
    expect(formatAddress(parseAddress(any))).toBe('vsock:any:any')
    const address = new VsockAddress(3, 70_000)
    expect(VsockAddress.decode(address.encode()).equals(address)).toBe(true)
    expect(decodeKnownAddress(address.encode(), linuxLayout)).toEqual(address)
  })

  test('an unknown scheme is an error that lists the known ones', () => {
    expect(() => parseAddress('http:x')).toThrow(/known: unix, pipe, name, tcp, vsock, memory, fd/)
    expect(() => parseAddress('localhost:80')).toThrow(/did you mean tcp:localhost:80\?/)
    expect(() => parseAddress('UNIX:/x')).toThrow(/written small: unix:/)
  })
})

describe('every form misspelt', () => {
  test.each<[unknown, string]>([
    ['', 'ERR_INVALID_ARG_VALUE'],
    ['unix:', 'ERR_INVALID_ARG_VALUE'],
    ['unix:@', 'ERR_INVALID_ARG_VALUE'],
    ['unix:\0x', 'ERR_INVALID_ARG_VALUE'],
    ['unix:/a\0b', 'ERR_INVALID_ARG_VALUE'],
    ['pipe:', 'ERR_INVALID_ARG_VALUE'],
    ['pipe:\\\\a.example.com\\pipe\\x', 'ERR_INVALID_ARG_VALUE'],
    ['pipe:\\x', 'ERR_INVALID_ARG_VALUE'],
    ['unix:/a\ud800', 'ERR_INVALID_ARG_VALUE'],
    [`pipe:${'x'.repeat(248)}`, 'ERR_INVALID_ARG_VALUE'],
    ['name:', 'ERR_INVALID_ARG_VALUE'],
    ['name:a/b', 'ERR_INVALID_ARG_VALUE'],
    ['name:..', 'ERR_INVALID_ARG_VALUE'],
    ['name:a*', 'ERR_INVALID_ARG_VALUE'],
    ['name:a\u0007', 'ERR_INVALID_ARG_VALUE'],
    ['tcp:80', 'ERR_INVALID_ARG_VALUE'],
    ['tcp:host', 'ERR_INVALID_ARG_VALUE'],
    ['tcp:host:', 'ERR_INVALID_ARG_VALUE'],
    ['tcp:host:http', 'ERR_INVALID_ARG_VALUE'],
    ['tcp:::1:80', 'ERR_INVALID_ARG_VALUE'],
    ['tcp://host:80', 'ERR_INVALID_ARG_VALUE'],
    ['tcp:host:65536', 'ERR_OUT_OF_RANGE'],
    ['memory:', 'ERR_INVALID_ARG_VALUE'],
    ['fd:', 'ERR_INVALID_ARG_VALUE'],
    ['fd:-1', 'ERR_INVALID_ARG_VALUE'],
    ['fd:x', 'ERR_INVALID_ARG_VALUE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [7, 'ERR_INVALID_ARG_TYPE'],
    [{}, 'ERR_INVALID_ARG_VALUE'],
    [{ scheme: 'unix' }, 'ERR_INVALID_ARG_TYPE'],
    [{ scheme: 'ftp', path: 'x' }, 'ERR_INVALID_ARG_VALUE'],
    [{ scheme: 'tcp', host: 'x' }, 'ERR_INVALID_ARG_TYPE'],
    [{ scheme: 'tcp', host: 'x', port: 70_000 }, 'ERR_OUT_OF_RANGE'],
    [{ scheme: 'tcp', host: 'x', port: 1.5 }, 'ERR_INVALID_ARG_VALUE'],
    [{ scheme: 'fd', fd: -1 }, 'ERR_OUT_OF_RANGE'],
  ])('%j', (address, expected) => {
    expect(code(address)).toBe(expected)
  })
})

const word = fc.stringMatching(/^[a-z0-9_ -]{1,20}$/)
const addresses: fc.Arbitrary<Address> = fc.oneof(
  fc
    .string({ minLength: 1, unit: 'grapheme' })
    .filter((path) => !path.includes('\0') && !path.startsWith('@'))
    .map((path) => ({ scheme: 'unix' as const, path })),
  fc.string({ minLength: 1 }).map((abstract) => ({ scheme: 'unix' as const, abstract })),
  word.map((name) => ({ scheme: 'pipe' as const, name })),
  word.map((name) => ({ scheme: 'pipe' as const, name, host: 'SERVER' })),
  word.map((name) => ({ scheme: 'name' as const, name })),
  word.map((name) => ({ scheme: 'memory' as const, name })),
  fc.record({
    scheme: fc.constant('tcp' as const),
    host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    port: fc.integer({ min: 0, max: 65_535 }),
  }),
  fc.record({ scheme: fc.constant('fd' as const), fd: fc.nat(999_999) }),
)

test('what is written reads as the same, as text and as an object', () => {
  fc.assert(
    fc.property(addresses, (address) => {
      expect(parseAddress(formatAddress(address))).toEqual(address)
      expect(parseAddress(address)).toEqual(address)
    }),
  )
})

test('any text is an address or an error with a code', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(code(text)).toMatch(/^(no error|ERR_\w+)$/)
    }),
  )
})

test('an abstract name keeps its backslashes and its NULs', () => {
  const unit = fc.constantFrom('a', '@', '0', '\\', '\0')
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit }), (abstract) => {
      expect(parseAddress(formatAddress({ scheme: 'unix', abstract }))).toEqual({ scheme: 'unix', abstract })
    }),
  )
})

test('an address that was read is not read again, and cannot be changed', () => {
  const address = parseAddress('unix:/run/x')
  expect(parseAddress(address)).toBe(address)
  expect(Object.isFrozen(address)).toBe(true)
  const own = { scheme: 'unix', path: '/run/x' } as const
  expect(parseAddress(own)).not.toBe(own)
})

describe('an address in the words of another program is refused with the spelling to use', () => {
  test.each([
    ['unix:path=/run/user/1000/bus,guid=0a1b', 'here it is unix:/run/user/1000/bus'],
    ['unix:guid=0a1b,path=/tmp/a%20b', 'here it is unix:/tmp/a b'],
    ['unix:abstract=/tmp/dbus-x,guid=1;tcp:host=localhost', 'here it is unix:@/tmp/dbus-x'],
    ['unix:tmpdir=/tmp', 'here it is a path'],
    ['http+unix://%2Frun%2Fdocker.sock/info', 'the address unix:/run/docker.sock'],
    ['tcp://localhost:80', 'without slashes: tcp:localhost:80'],
  ])('%s', (text, hint) => {
    expect(() => parseAddress(text)).toThrow(hint)
    expect(code(text)).toBe('ERR_INVALID_ARG_VALUE')
  })

  test('an object without a scheme', () => {
    expect(() => parseAddress({ path: '/run/x' } as unknown as Address)).toThrow("{ scheme: 'unix', path }")
  })
})

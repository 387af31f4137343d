import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress, parseAddress, type Address } from '@uds/winsock-ffi/internal'

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

  test('an unknown scheme is an error that lists the known ones', () => {
    expect(() => parseAddress('http:x')).toThrow(/known: unix, pipe, name, tcp, memory, fd/)
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
    ['pipe:\\\\server\\pipe\\x', 'ERR_INVALID_ARG_VALUE'],
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
  fc
    .string({ minLength: 1 })
    .filter((abstract) => !abstract.includes('\0'))
    .map((abstract) => ({ scheme: 'unix' as const, abstract })),
  word.map((name) => ({ scheme: 'pipe' as const, name })),
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

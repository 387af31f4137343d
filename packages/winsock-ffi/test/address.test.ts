import { errorOf } from '@uds/testkit'
import { isIPv6, SocketAddress } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  darwinLayout,
  InetAddress,
  linuxLayout,
  SocketError,
  UnixAddress,
  windowsLayout,
} from '@uds/winsock-ffi'

const layouts = { linux: linuxLayout, darwin: darwinLayout, windows: windowsLayout }
const bytes = (text: string): number => Buffer.byteLength(text)
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 120 })
  .filter((each) => !each.includes('\0'))

describe.each(Object.entries(layouts))('an address of %s', (_system, layout) => {
  const room = layout.UNIX_PATH_MAX - 1

  test('comes back as it was from its bytes', () => {
    fc.assert(
      fc.property(
        text.filter((each) => bytes(each) <= room),
        (path) => {
          const address = UnixAddress.decode(UnixAddress.path(path, layout).encode(layout), layout)
          expect(address.pathname).toBe(path)
          expect(address.equals(UnixAddress.path(path, layout))).toBe(true)
        },
      ),
    )
  })

  test('takes a path of UNIX_PATH_MAX - 1 bytes in UTF-8 and refuses one that is too long with the count', () => {
    const longest = layout.longestPath
    fc.assert(
      fc.property(fc.constantFrom('x', 'é', '€', '😀'), (unit) => {
        const units = unit.repeat(Math.floor(room / bytes(unit)))
        const exact = units + 'x'.repeat(room - bytes(units))
        const encoded = UnixAddress.path(exact, layout).encode(layout)
        expect(encoded).toHaveLength(2 + room + 1)
        expect(encoded.at(-1)).toBe(0)
        const error = errorOf(() => UnixAddress.path(exact + 'x'.repeat(longest - room + 1), layout))
        expect(error).toBeInstanceOf(SocketError)
        expect(error.code).toBe('ENAMETOOLONG')
        expect(error.message).toContain(`${longest + 1} bytes`)
        expect(error.message).toContain(`holds ${longest}`)
      }),
    )
  })

  test('is decoded whether or not the system wrote the NUL', () => {
    const encoded = UnixAddress.path('/a/b', layout).encode(layout)
    const padded = new Uint8Array(2 + layout.UNIX_PATH_MAX)
    padded.set(encoded)
    for (const form of [encoded, encoded.subarray(0, -1), padded]) {
      expect(UnixAddress.decode(form, layout).pathname).toBe('/a/b')
    }
    const full = 'y'.repeat(layout.UNIX_PATH_MAX)
    const unterminated = new Uint8Array([...UnixAddress.unnamed.encode(layout), ...Buffer.from(full)])
    expect(UnixAddress.decode(unterminated, layout).pathname).toBe(full)
  })

  test('that fills sun_path has no NUL on Linux, and is refused elsewhere', () => {
    const full = 'y'.repeat(layout.UNIX_PATH_MAX)
    if (layout.longestPath < layout.UNIX_PATH_MAX) {
      expect(errorOf(() => UnixAddress.path(full, layout)).code).toBe('ENAMETOOLONG')
      return
    }
    const encoded = UnixAddress.path(full, layout).encode(layout)
    expect(encoded).toHaveLength(2 + layout.UNIX_PATH_MAX)
    expect(UnixAddress.decode(encoded, layout).pathname).toBe(full)
    expect(errorOf(() => UnixAddress.path(`${full}y`, layout)).code).toBe('ENAMETOOLONG')
  })

  test('is unnamed when there is no path, also in a whole structure of zeros', () => {
    const encoded = UnixAddress.unnamed.encode(layout)
    expect(encoded).toHaveLength(2)
    expect(UnixAddress.decode(encoded, layout).kind).toBe('unnamed')
    expect(UnixAddress.decode(new Uint8Array(0), layout).kind).toBe('unnamed')
    if (!layout.abstractNames) {
      const zeros = new Uint8Array(110)
      zeros.set(encoded)
      expect(UnixAddress.decode(zeros, layout).kind).toBe('unnamed')
    }
  })

  test('of the internet comes back as it was', () => {
    const ip = fc.oneof(fc.ipV4(), fc.ipV6())
    fc.assert(
      fc.property(ip, fc.integer({ min: 0, max: 65_535 }), (host, port) => {
        const address = new InetAddress(host, port)
        const encoded = address.encode(layout)
        expect(encoded).toHaveLength(address.family === 'inet' ? 16 : 28)
        const decoded = InetAddress.decode(encoded, layout)
        expect(decoded.equals(address)).toBe(true)
        // Node's own class is the judge of what the text means.
        const family = isIPv6(host) ? 'ipv6' : 'ipv4'
        const canonical = (value: string): string => new SocketAddress({ address: value, family }).address
        expect(canonical(decoded.host)).toBe(canonical(host))
      }),
    )
  })
})

describe('an abstract name', () => {
  test('comes back as it was, NULs and all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 107 }), (name) => {
        const encoded = UnixAddress.abstract(name, linuxLayout).encode(linuxLayout)
        expect(encoded).toHaveLength(2 + 1 + name.length)
        const decoded = UnixAddress.decode(encoded, linuxLayout)
        expect(decoded.kind).toBe('abstract')
        expect([...decoded.bytes]).toEqual([...name])
      }),
    )
  })

  test('of more than 107 bytes is refused', () => {
    expect(errorOf(() => UnixAddress.abstract('x'.repeat(108), linuxLayout)).code).toBe('ENAMETOOLONG')
  })

  test.each([darwinLayout, windowsLayout])('is ENOTSUP where the system has none', (layout) => {
    const error = errorOf(() => UnixAddress.abstract('x', layout))
    expect(error).toMatchObject({ code: 'ENOTSUP' })
    expect(error.message).toContain('only Linux')
  })
})

describe('the text of an address', () => {
  test('tells a path from an abstract name, whatever the path is', () => {
    expect(String(UnixAddress.path('/run/x'))).toBe('unix:/run/x')
    expect(String(UnixAddress.path('@x'))).toBe('unix:./@x')
    expect(String(UnixAddress.abstract('x', linuxLayout))).toBe('unix:@x')
    expect(String(UnixAddress.unnamed)).toBe('unix:')
    expect(String(new InetAddress('::1', 80))).toBe('tcp:[::1]:80')
    expect(String(new InetAddress('127.0.0.1', 80))).toBe('tcp:127.0.0.1:80')
  })

  test.each([
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['fe80::', 'fe80::'],
  ])('of IPv6 %s is canonical: %s', (from, to) => {
    expect(new InetAddress(from, 0).host).toBe(to)
  })
})

describe('a wrong address is refused before any call', () => {
  test.each([
    ['an empty path', () => UnixAddress.path(''), 'ERR_INVALID_ARG_VALUE'],
    ['a NUL', () => UnixAddress.path('a\0b'), 'ERR_INVALID_ARG_VALUE'],
    ['a lone surrogate', () => UnixAddress.path('\ud800'), 'ERR_INVALID_ARG_VALUE'],
    ['a number', () => UnixAddress.path(1 as never), 'ERR_INVALID_ARG_TYPE'],
    ['an empty abstract name', () => UnixAddress.abstract('', linuxLayout), 'ERR_INVALID_ARG_VALUE'],
    ['a host name', () => new InetAddress('localhost', 1), 'ERR_INVALID_ARG_VALUE'],
    ['a zone', () => new InetAddress('fe80::1%lo', 1), 'ERR_INVALID_ARG_VALUE'],
    ['a port of 65536', () => new InetAddress('::1', 65_536), 'ERR_OUT_OF_RANGE'],
    ['half a port', () => new InetAddress('::1', 1.5), 'ERR_OUT_OF_RANGE'],
    ['bytes of no family', () => InetAddress.decode(new Uint8Array(3)), 'ERR_INVALID_ARG_VALUE'],
  ])('%s', (_what, make, code) => {
    const error = errorOf(make)
    expect(error.code).toBe(code)
    expect(error).toBeInstanceOf(code === 'ERR_OUT_OF_RANGE' ? RangeError : TypeError)
  })
})

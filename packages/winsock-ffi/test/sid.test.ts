import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sidOfProcess } from '@uds/winsock-ffi'
import { sidToString } from '../src/credentials/sid.ts'

/** The reverse of what is tested, from the text to the bytes of [MS-DTYP] 2.4.2.2. */
const sidBytes = (authority: number, parts: readonly number[]): Uint8Array => {
  const bytes = Buffer.alloc(8 + 4 * parts.length)
  bytes[0] = 1
  bytes[1] = parts.length
  bytes.writeUIntBE(authority, 2, 6)
  parts.forEach((part, index) => bytes.writeUInt32LE(part, 8 + 4 * index))
  return bytes
}

describe('a SID', () => {
  test.each([
    [5, [18], 'S-1-5-18'],
    [1, [0], 'S-1-1-0'],
    [5, [21, 3_623_811_015, 3_361_044_348, 30_300_820, 1013], 'S-1-5-21-3623811015-3361044348-30300820-1013'],
  ])('of authority %s is written as Windows writes it', (authority, parts, text) => {
    expect(sidToString(sidBytes(authority, parts))).toBe(text)
  })

  test('keeps every part', () => {
    const part = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 48 - 1 }),
        fc.array(part, { maxLength: 15 }),
        (authority, parts) => {
          expect(sidToString(sidBytes(authority, parts))).toBe(['S', 1, authority, ...parts].join('-'))
        },
      ),
    )
  })

  test.skipIf(process.platform !== 'win32')('of this process is that of a user', () => {
    expect(sidOfProcess(process.pid)).toMatch(/^S-1-5-/)
    expect(() => sidOfProcess(0x7fff_fffc)).toThrow(/OpenProcess/)
  })
})

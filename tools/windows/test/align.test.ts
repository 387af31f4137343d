import { linkSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '@uds/testkit'
import { expect, test } from 'vitest'
import { align, aligned } from '../src/align.ts'

const PE = 0x80
const OPTIONAL = PE + 24
const OPTIONAL_SIZE = 240
const SECTIONS = OPTIONAL + OPTIONAL_SIZE
const SIGNATURE = OPTIONAL + 112 + 32

/** A program of two sections, a third one of zeros, and a signature, laid out as Microsoft's linker does it. */
const program = (): Buffer => {
  const image = Buffer.alloc(0x800)
  image.writeUInt32LE(PE, 0x3c)
  image.write('PE\0\0', PE)
  image.writeUInt16LE(3, PE + 6)
  image.writeUInt16LE(OPTIONAL_SIZE, PE + 20)
  image.writeUInt16LE(0x20b, OPTIONAL)
  image.writeUInt32LE(0x200, OPTIONAL + 36)
  image.writeUInt32LE(0x400, OPTIONAL + 60)
  image.writeUInt32LE(0x700, SIGNATURE)
  image.writeUInt32LE(0x100, SIGNATURE + 4)
  const rows = [
    [0x150, 0x1000, 0x200, 0x400],
    [0x5000, 0x2000, 0, 0],
    [0x80, 0x7000, 0x100, 0x600],
  ]
  for (const [index, fields] of rows.entries()) {
    for (const [place, value] of fields.entries())
      image.writeUInt32LE(value, SECTIONS + 40 * index + 8 + 4 * place)
  }
  image.fill('code', 0x400, 0x600)
  image.fill('data', 0x600, 0x700)
  image.fill('sign', 0x700)
  return image
}

/** What a loader puts into memory, by its address there. */
const loaded = (image: Buffer): Map<number, string> => {
  const memory = new Map<number, string>()
  for (let index = 0; index < 3; index++) {
    const [size, address, length, from] = [8, 12, 16, 20].map((at) =>
      image.readUInt32LE(SECTIONS + 40 * index + at),
    ) as [number, number, number, number]
    memory.set(address, image.toString('latin1', from, from + Math.min(size, length)))
  }
  return memory
}

test('every section begins at a page of the file, and what is loaded is the same', () => {
  const before = program()
  const after = aligned(before)
  expect(loaded(after)).toEqual(loaded(before))
  expect([0, 2].map((index) => after.readUInt32LE(SECTIONS + 40 * index + 20))).toEqual([0x1000, 0x2000])
  expect(after.readUInt32LE(OPTIONAL + 36)).toBe(0x1000)
  expect(after).toHaveLength(0x3000)
})

test('the signature, which was that of another file, is gone', () => {
  expect(aligned(program()).readBigUInt64LE(SIGNATURE)).toBe(0n)
})

test('a file with another name somewhere else is changed under this one only, and once', async () => {
  const [here, there] = [join(tempDir(), 'node.exe'), join(tempDir(), 'node.exe')]
  writeFileSync(there, program())
  linkSync(there, here)
  await align(here)
  expect(readFileSync(here)).toEqual(aligned(program()))
  expect(readFileSync(there)).toEqual(program())
  const { ino } = statSync(here)
  await align(here)
  expect(statSync(here).ino).toBe(ino)
})

test('what is no program for Windows is refused', () => {
  const image = program()
  image.write('NE', PE)
  expect(() => aligned(image)).toThrow('no program for 64-bit Windows')
})

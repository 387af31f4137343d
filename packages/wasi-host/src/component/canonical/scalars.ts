/** The types of one number, one truth value, one character. */
import type { GuestMemory } from '../../memory/guest-memory.ts'
import { trap } from '../trap.ts'
import { bitsOfF32, bitsOfF64, f32OfBits, f64OfBits } from './bits.ts'
import type { ValueType } from './type.ts'

const read = (memory: GuestMemory, at: number, size: 1 | 2 | 4): number =>
  size === 1 ? memory.u8(at) : size === 2 ? memory.u16(at) : memory.u32(at)

const write = (memory: GuestMemory, at: number, size: 1 | 2 | 4, word: number): void => {
  if (size === 1) memory.setU8(at, word)
  else if (size === 2) memory.setU16(at, word)
  else memory.setU32(at, word)
}

/** What is passed in an i32: read from the lower bits of it. */
const word = <T>(size: 1 | 2 | 4, of: (bits: number) => T, bitsOf: (value: T) => number): ValueType<T> => ({
  flat: 'i',
  size,
  align: size,
  lift: (from) => of(from.word()),
  load: ({ guest }, at) => of(read(guest.memory, at, size)),
  store: ({ guest }, at, value) => write(guest.memory, at, size, bitsOf(value)),
  lower: (_host, value, to) => void to.push(bitsOf(value)),
})

const same = (value: number): number => value

export const bool: ValueType<boolean> = word(
  1,
  (bits) => bits !== 0,
  (value) => (value ? 1 : 0),
)
export const u8: ValueType<number> = word(1, (bits) => bits & 0xff, same)
export const s8: ValueType<number> = word(1, (bits) => (bits << 24) >> 24, same)
export const u16: ValueType<number> = word(2, (bits) => bits & 0xffff, same)
export const s16: ValueType<number> = word(2, (bits) => (bits << 16) >> 16, same)
export const u32: ValueType<number> = word(4, same, same)
export const s32: ValueType<number> = word(4, (bits) => bits | 0, same)

const LAST_CHAR = 0x10_ffff

/** A Unicode scalar value. */
export const char: ValueType<string> = word(
  4,
  (code) =>
    code > LAST_CHAR || (code >= 0xd800 && code <= 0xdfff)
      ? trap(`${code} is no Unicode scalar value`)
      : String.fromCodePoint(code),
  (value) => value.codePointAt(0)!,
)

const long = (of: (bits: bigint) => bigint): ValueType<bigint> => ({
  flat: 'I',
  size: 8,
  align: 8,
  lift: (from) => of(BigInt(from.next('I'))),
  load: ({ guest }, at) => of(guest.memory.u64(at)),
  store: ({ guest }, at, value) => guest.memory.setU64(at, value),
  lower: (_host, value, to) => void to.push(BigInt.asIntN(64, value)),
})

export const u64: ValueType<bigint> = long((bits) => BigInt.asUintN(64, bits))
export const s64: ValueType<bigint> = long((bits) => BigInt.asIntN(64, bits))

export const f32: ValueType<number> = {
  flat: 'f',
  size: 4,
  align: 4,
  lift: (from) => Number(from.next('f')),
  load: ({ guest }, at) => f32OfBits(guest.memory.u32(at)),
  store: ({ guest }, at, value) => guest.memory.setU32(at, bitsOfF32(value)),
  lower: (_host, value, to) => void to.push(value),
}

export const f64: ValueType<number> = {
  flat: 'F',
  size: 8,
  align: 8,
  lift: (from) => Number(from.next('F')),
  load: ({ guest }, at) => f64OfBits(guest.memory.u64(at)),
  store: ({ guest }, at, value) => guest.memory.setU64(at, bitsOfF64(value)),
  lower: (_host, value, to) => void to.push(value),
}

/** The number of a case, in as many bytes as so many cases need. */
export const numbered = (cases: number): ValueType<number> => {
  const known = (tag: number): number => (tag < cases ? tag : trap(`there is no case ${tag} of ${cases}`))
  const size = cases <= 0x100 ? 1 : cases <= 0x1_0000 ? 2 : 4
  return word(size, known, same)
}

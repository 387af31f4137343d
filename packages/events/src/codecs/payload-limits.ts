/** How deep, and how many, the values of a payload may be: checked before a parser makes anything of them. */
import { failure } from '../errors/errors.ts'
import type { CodecLimits } from './codec.ts'
import { passedBound } from './json-bounds.ts'

const tooDeep = (limit: number): Error =>
  failure('decode', 'ERR_TOO_DEEP', `lists and objects are nested deeper than ${limit}`)

const tooMany = (limit: number): Error =>
  failure('decode', 'ERR_TOO_MANY_VALUES', `the payload has more than ${limit} values (option maxValues)`)

/** Refuses JSON text that is nested deeper than the limit, or has more values, before it is parsed. */
export const checkText = (text: string, { maxDepth, maxValues = Infinity }: CodecLimits): void => {
  const passed = passedBound(text, maxDepth, maxValues)
  if (passed !== undefined) throw passed === 'depth' ? tooDeep(maxDepth) : tooMany(maxValues)
}

/** Bytes that follow the first byte of a MessagePack value of fixed size, from 0xc0 on; -1: see {@link itemAt}. */
// https://github.com/msgpack/msgpack/blob/master/spec.md#formats
const FIXED = [
  // c0 nil, c1 unused, c2 false, c3 true, c4-c6 bin, c7-c9 ext, ca float32, cb float64
  0, -1, 0, 0, -1, -1, -1, -1, -1, -1, 4, 8,
  // cc-cf uint 8-64, d0-d3 int 8-64, d4-d8 fixext 1-16 (with the type byte)
  1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17,
]

/**
 * The extensions that are read: `undefined` (as msgpackr writes it) and timestamps. Each other one is refused, as
 * msgpackr has types of its own that every peer could use: 0x72 defines a record, whose reader it compiles with
 * `new Function` from the names in the payload. https://github.com/kriszyp/msgpackr#record--object-structures
 */
const EXTENSIONS: ReadonlySet<number> = new Set([0x00, 0xff])

const checkExtension = (type: number | undefined): void => {
  if (type === undefined || EXTENSIONS.has(type)) return
  throw failure('decode', 'ERR_BAD_PAYLOAD', `the MessagePack extension 0x${type.toString(16)} is not read`)
}

/** Length of a value with a length field of 1, 2 or 4 bytes. */
const counted = (bytes: Buffer, at: number, width: number): number => bytes.readUIntBE(at + 1, width)

/** The bytes of the item that was read last, and how many values it contains: two numbers, not an object for each value. */
let size = 0
let children = 0

const leaf = (bytes: number): void => {
  size = bytes
  children = 0
}

const itemAt = (bytes: Buffer, at: number): void => {
  const first = bytes[at] as number
  if (first < 0x80 || first >= 0xe0) return leaf(1)
  if (first < 0xa0) {
    size = 1
    children = first < 0x90 ? (first & 15) * 2 : first & 15
    return undefined
  }
  if (first < 0xc0) return leaf(1 + (first & 31))
  const fixed = FIXED[first - 0xc0]
  if (fixed !== undefined && fixed >= 0) {
    if (first >= 0xd4) checkExtension(bytes[at + 1])
    return leaf(1 + fixed)
  }
  if (first === 0xc1) throw failure('decode', 'ERR_BAD_PAYLOAD', 'the byte 0xc1 is no MessagePack')
  if (first <= 0xc6) return leaf(1 + 2 ** (first - 0xc4) + counted(bytes, at, 2 ** (first - 0xc4)))
  if (first <= 0xc9) {
    const width = 2 ** (first - 0xc7)
    checkExtension(bytes[at + 1 + width])
    return leaf(2 + width + counted(bytes, at, width))
  }
  if (first <= 0xdb) return leaf(1 + 2 ** (first - 0xd9) + counted(bytes, at, 2 ** (first - 0xd9)))
  const width = first % 2 === 0 ? 2 : 4
  size = 1 + width
  children = counted(bytes, at, width) * (first >= 0xde ? 2 : 1)
  return undefined
}

/**
 * Refuses MessagePack bytes that are nested deeper than the limit, have more values, or have extensions that are not
 * read, before they are decoded (which recurses).
 */
export const checkPacked = (bytes: Buffer, { maxDepth, maxValues = Infinity }: CodecLimits): void => {
  const open: number[] = []
  let at = 0
  let values = 0
  while (at < bytes.length) {
    itemAt(bytes, at)
    at += size
    if (++values > maxValues) throw tooMany(maxValues)
    if (children > 0) {
      open.push(children)
      if (open.length > maxDepth) throw tooDeep(maxDepth)
      continue
    }
    while (open.length > 0) {
      const left = (open.at(-1) as number) - 1
      open[open.length - 1] = left
      if (left > 0) break
      open.pop()
    }
  }
  // A list that claims millions of values has memory allocated for them before the first is read.
  if (open.length > 0 || at > bytes.length)
    throw failure('decode', 'ERR_BAD_PAYLOAD', 'the MessagePack is cut off')
}

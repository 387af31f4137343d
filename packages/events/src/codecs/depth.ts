import { failure } from '../errors.ts'

const QUOTE = 34
const BACKSLASH = 92

const tooDeep = (limit: number): Error =>
  failure('decode', 'ERR_TOO_DEEP', `lists and objects are nested deeper than ${limit}`)

/** Refuses JSON text that is nested deeper than the limit, before it is parsed. */
export const checkTextDepth = (text: string, limit: number): void => {
  // Each level costs two brackets, so most texts are too short to be too deep.
  if (text.length <= limit * 2) return
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (quoted) {
      if (unit === BACKSLASH) at++
      else if (unit === QUOTE) quoted = false
    } else if (unit === QUOTE) quoted = true
    // [ and { are 0x5b and 0x7b, ] and } are 0x5d and 0x7d: they differ in one bit.
    else if ((unit | 0x20) === 0x7b) {
      if (++depth > limit) throw tooDeep(limit)
    } else if ((unit | 0x20) === 0x7d) depth--
  }
}

/** Bytes that follow the first byte of a MessagePack value of fixed size, from 0xc0 on; -1: see {@link itemAt}. */
// https://github.com/msgpack/msgpack/blob/master/spec.md#formats
const FIXED = [
  // c0 nil, c1 unused, c2 false, c3 true, c4-c6 bin, c7-c9 ext, ca float32, cb float64
  0, 0, 0, 0, -1, -1, -1, -1, -1, -1, 4, 8,
  // cc-cf uint 8-64, d0-d3 int 8-64, d4-d8 fixext 1-16 (with the type byte)
  1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17,
]

/** Length of a value with a length field of 1, 2 or 4 bytes. */
const counted = (bytes: Buffer, at: number, width: number): number => bytes.readUIntBE(at + 1, width)

interface Item {
  /** Bytes that belong to the item itself. */
  readonly size: number
  /** Values that it contains. */
  readonly children: number
}

const leaf = (size: number): Item => ({ size, children: 0 })

const itemAt = (bytes: Buffer, at: number): Item => {
  const first = bytes[at] as number
  if (first < 0x80 || first >= 0xe0) return leaf(1)
  if (first < 0x90) return { size: 1, children: (first & 15) * 2 }
  if (first < 0xa0) return { size: 1, children: first & 15 }
  if (first < 0xc0) return leaf(1 + (first & 31))
  const fixed = FIXED[first - 0xc0]
  if (fixed !== undefined && fixed >= 0) return leaf(1 + fixed)
  if (first <= 0xc6) return leaf(1 + 2 ** (first - 0xc4) + counted(bytes, at, 2 ** (first - 0xc4)))
  if (first <= 0xc9) return leaf(2 + 2 ** (first - 0xc7) + counted(bytes, at, 2 ** (first - 0xc7)))
  if (first <= 0xdb) return leaf(1 + 2 ** (first - 0xd9) + counted(bytes, at, 2 ** (first - 0xd9)))
  const width = first % 2 === 0 ? 2 : 4
  return { size: 1 + width, children: counted(bytes, at, width) * (first >= 0xde ? 2 : 1) }
}

/** Refuses MessagePack bytes that are nested deeper than the limit, before they are decoded (which recurses). */
export const checkPackedDepth = (bytes: Buffer, limit: number): void => {
  // Each level costs at least one byte.
  if (bytes.length <= limit) return
  const open: number[] = []
  let at = 0
  while (at < bytes.length) {
    const { size, children } = itemAt(bytes, at)
    at += size
    if (children > 0) {
      open.push(children)
      if (open.length > limit) throw tooDeep(limit)
      continue
    }
    while (open.length > 0) {
      const left = (open.at(-1) as number) - 1
      open[open.length - 1] = left
      if (left > 0) break
      open.pop()
    }
  }
}

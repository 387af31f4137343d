/** Reads into an iovec and writes from it, as readv(2) and writev(2) do. */
import type { Iovec } from '../memory/guest-memory.ts'
import type { StreamEnd } from '../network/network.ts'
import { NOT_YET } from '../outcome/sync-promise.ts'

/**
 * Reads into the buffers of an iovec, from `skip` on and `most` bytes; stops at the first part that is not filled.
 *
 * @param failed - Called with what broke the connection behind the bytes that were read.
 */
export const readIntoIovec = (
  stream: StreamEnd,
  iovec: Iovec,
  { skip, most, peek }: { readonly skip: number; readonly most: number; readonly peek: boolean },
  failed: (error: unknown) => void,
): number | typeof NOT_YET => {
  let total = 0
  for (const part of span(iovec, skip, most)) {
    let count: number | typeof NOT_YET
    try {
      count = stream.read(part, peek)
    } catch (error) {
      if (total === 0) throw error
      failed(error)
      return total
    }
    if (count === NOT_YET) return total > 0 ? total : NOT_YET
    total += count
    // Peeking again would see the same bytes.
    if (count < part.length || peek) break
    if (!stream.readable()) break
  }
  return total
}

/** The same where the stream waits in the call itself: into the first part alone, since only that is worth a wait. */
export const readWaitingInto = (
  stream: StreamEnd,
  iovec: Iovec,
  most: number,
  failed: (error: unknown) => void,
): number | typeof NOT_YET =>
  stream.readWaiting
    ? stream.readWaiting(span(iovec, 0, most)[0]!)
    : readIntoIovec(stream, iovec, { skip: 0, most, peek: false }, failed)

/** Bytes of several parts that are sent as one. */
const JOINED = 64 * 1024

/** Writes the buffers of an iovec, from `skip` on and `most` bytes at most. */
export const writeFromIovec = (
  stream: StreamEnd,
  iovec: Iovec,
  skip: number,
  most: number,
): number | typeof NOT_YET => {
  const parts = span(iovec, skip, most)
  return stream.write(parts.length === 1 ? parts[0]! : joined(parts, JOINED))
}

/** Joins buffers, so that they go out together: `most` bytes at most. */
const joined = (parts: readonly Uint8Array[], most: number): Uint8Array => {
  const first = parts[0]
  if (first && first.length >= most) return first
  const bytes = new Uint8Array(Math.min(lengthOf(parts), most))
  let at = 0
  for (const part of parts) {
    const piece = part.subarray(0, bytes.length - at)
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0)

/** The buffers of an iovec without its first `skip` bytes, `most` bytes in all. */
const span = (iovec: Iovec, skip: number, most: number): readonly Uint8Array[] => {
  const parts = iovec.parts()
  if (parts.length === 1 && skip === 0 && most >= parts[0]!.length) return parts
  const chosen: Uint8Array[] = []
  let [before, left] = [skip, most]
  for (const part of parts) {
    const piece = part.subarray(Math.min(before, part.length), Math.min(before + left, part.length))
    before = Math.max(before - part.length, 0)
    left -= piece.length
    if (piece.length > 0) chosen.push(piece)
  }
  return chosen
}

/** All bytes of an iovec in one piece: a copy. */
export const gather = (iovec: Iovec): Uint8Array => {
  const bytes = new Uint8Array(iovec.size)
  let at = 0
  for (const part of iovec.parts()) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Spreads bytes over the buffers of an iovec. */
export const scatter = (bytes: Uint8Array, parts: readonly Uint8Array[]): void => {
  let at = 0
  for (const part of parts) {
    part.set(bytes.subarray(at, at + part.length))
    at += Math.min(part.length, bytes.length - at)
  }
}

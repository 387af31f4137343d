/** writeCopy: writes bytes whose memory changes afterwards. */
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'

/** What is copied into memory that is used again; a new buffer for each write would be most of what the collector has to do. */
const SIZE = 64 * 1024

/** That memory when it is free, as a view of the length that was written last. */
let spare: Buffer | undefined

/** A socket of the system and nothing made of one: only of those it is known that nobody keeps the bytes. */
const isPlain = (writable: Writable): boolean => Object.getPrototypeOf(writable) === Socket.prototype

/** Writes a copy. When the system has taken all of it at once, the memory of the copy is free again. */
export const writeCopy = (writable: Writable, from: Uint8Array): void => {
  if (from.length > SIZE || writable.writableLength > 0 || !isPlain(writable)) {
    writable.write(Buffer.from(from))
    return
  }
  let view = spare ?? Buffer.allocUnsafeSlow(SIZE)
  spare = undefined
  if (view.length !== from.length) view = Buffer.from(view.buffer, 0, from.length)
  view.set(from)
  writable.write(view)
  if (writable.writableLength === 0 && !writable.destroyed) spare = view
}

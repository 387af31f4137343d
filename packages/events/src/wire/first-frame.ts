/** The first frame of each end: read, sent, and waited for no longer than the handshake may take. */
import { failure } from '../errors/errors.ts'
import { Flag, FrameType } from './frame.ts'
import type { Link } from './link.ts'

/** The first frame of the other end: its type, and its JSON as UTF-8 bytes. */
export interface FirstFrame {
  readonly type: number
  readonly body: Buffer
}

/** Reads the frame that a connection begins with; its format is the same in all versions. */
export const firstFrame = (buffer: Buffer, start: number, end: number): FirstFrame => {
  const type = buffer[start] as number
  const flags = buffer[start + 1] as number
  const bytes = Buffer.from(buffer.subarray(start + 4, end))
  const body = (flags & Flag.latin1) === 0 ? bytes : Buffer.from(bytes.toString('latin1'))
  return { type, body }
}

/** Fails the link when its handshake is not done after so many milliseconds; returns the function that ends the wait. */
export const limitHandshake = (link: Link, timeoutMs: number): (() => void) => {
  if (timeoutMs === Infinity) return () => {}
  const timer = setTimeout(() => {
    link.fail(failure('handshake', 'ETIMEDOUT', `the other end did not finish within ${timeoutMs} ms`))
  }, timeoutMs)
  return () => clearTimeout(timer)
}

/** Sends a frame of the handshake. */
export const putFirst = (link: Link, type: number, body: object): void => {
  link.outbox.put(type, 0, 0, -1, JSON.stringify(body))
  link.outbox.flush()
}

/** A frame that is not the one that has to come first. */
export const unexpectedFirst = (type: number, wanted: string): Error =>
  failure(
    'handshake',
    'ERR_PROTOCOL',
    `the first frame must be ${wanted}, not type ${type} (${nameOf(type)})`,
  )

const nameOf = (type: number): string =>
  Object.entries(FrameType).find(([, number]) => number === type)?.[0] ?? 'unknown'

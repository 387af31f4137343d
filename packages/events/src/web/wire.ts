/** Wire: what the parts of a client write to, connected or not; payloads. */
import { Flag } from '../wire/frame-types.ts'
import { EventsError } from './errors.ts'
import { type Payload, type ReadFrame, textOf } from './frames.ts'

/** Where frames are written. */
export interface Wire {
  readonly connected: boolean
  /** Writes a frame on the connection, if there is one. Returns its bytes. */
  put(type: number, flags: number, name: string, id: number, payload?: Payload | number): number
  /** Writes now, or over the next connection; `size` is what waits until then. @throws EventsError `ERR_QUEUE_FULL` */
  later(size: number, write: () => void): void
  /** True when the other end knows an option of the protocol. */
  knows(option: string): boolean
  /** Resolves when what was written may grow; undefined: now. */
  flowing(): Promise<void> | undefined
  /** Reports an error that no caller awaits. */
  report(error: unknown): void
}

/** Data as it is written: its flag, and its payload. */
export interface Encoded {
  readonly flags: number
  readonly payload: string | Uint8Array | undefined
  /** At most so many bytes. */
  readonly size: number
}

const measure = new TextEncoder()

/**
 * Data as JSON; bytes as they are, as a copy.
 *
 * @throws EventsError `ERR_BAD_PAYLOAD`, `ERR_FRAME_TOO_LARGE`
 */
export const encode = (data: unknown, most: number): Encoded => {
  if (data === undefined) return { flags: 0, payload: undefined, size: 16 }
  if (data instanceof Uint8Array) {
    checkSize(data.length, most)
    return { flags: Flag.bytes, payload: data.slice(), size: data.length + 16 }
  }
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (cause) {
    throw new EventsError('ERR_BAD_PAYLOAD', `JSON cannot write it: ${(cause as Error).message}`, cause)
  }
  if (text === undefined) throw new EventsError('ERR_BAD_PAYLOAD', `JSON has no form for a ${typeof data}`)
  if (text.length * 3 > most - 16) checkSize(measure.encode(text).length, most)
  return { flags: 0, payload: text, size: text.length + 16 }
}

const checkSize = (size: number, most: number): void => {
  if (size + 12 > most)
    throw new EventsError('ERR_FRAME_TOO_LARGE', `a frame of ${size + 12} bytes; the other end reads ${most}`)
}

/** The value of the payload of a frame. @throws EventsError `ERR_BAD_PAYLOAD` */
export const decode = ({ flags, body }: ReadFrame): unknown => {
  if ((flags & Flag.bytes) !== 0) return body.slice()
  if (body.length === 0) return undefined
  try {
    return JSON.parse(textOf(body, flags, 'ERR_BAD_PAYLOAD'))
  } catch (cause) {
    throw new EventsError('ERR_BAD_PAYLOAD', `json cannot read it: ${(cause as Error).message}`, cause)
  }
}

/** @throws EventsError `ERR_INVALID_NAME`, as PROTOCOL.md N2 */
export const checkName = (name: string): string => {
  const size = typeof name === 'string' ? measure.encode(name).length : 0
  if (size >= 1 && size <= 255 && !name.includes('\0') && name.isWellFormed()) return name
  throw new EventsError('ERR_INVALID_NAME', 'a name is 1 to 255 bytes of well-formed text without NUL')
}

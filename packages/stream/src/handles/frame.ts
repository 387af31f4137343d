/**
 * The frames of a HandleChannel, in which each handle stays with its message. All numbers are little-endian.
 *
 * ```
 * u32  length of the message in bytes
 * u8   number of handles, 0 to 253
 * u8   0, three times
 *      the message
 * ```
 *
 * The descriptors travel with the first byte of their frame, in one SCM_RIGHTS control message (unix(7)).
 */
import { invalidArgument, outOfRange, SocketError, type Descriptor } from '@uds/winsock-ffi'
import { ByteQueue } from '../bytes/byte-queue.ts'

export const HEADER_SIZE = 8

/** SCM_MAX_FD of Linux: the largest number of descriptors in one message. */
export const MAX_HANDLES = 253

export interface Frame {
  readonly message: Buffer
  readonly descriptors: readonly Descriptor[]
}

export const encodeHeader = (length: number, handles: number): Buffer => {
  const header = Buffer.alloc(HEADER_SIZE)
  header.writeUInt32LE(length, 0)
  header.writeUInt8(handles, 4)
  return header
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` for a message that is none. */
export const encodeFrame = (message: string | Uint8Array, handles: number): Buffer => {
  const bytes = typeof message === 'string' ? Buffer.from(message) : message
  if (!(bytes instanceof Uint8Array))
    throw invalidArgument('sendHandle', 'the message', 'a string or bytes', message)
  if (bytes.length > 0xffff_ffff)
    throw outOfRange('sendHandle', 'the length of the message', '4294967295 bytes at most', bytes.length)
  return Buffer.concat([encodeHeader(bytes.length, handles), bytes])
}

const malformed = (detail: string): SocketError =>
  new SocketError({
    code: 'EPROTO',
    syscall: 'receiveHandle',
    detail,
    advice: 'is the peer a HandleChannel?',
  })

/** Assembles frames from the bytes and the descriptors of a stream, however they were split. */
export class FrameReader {
  readonly #maxMessageBytes: number
  readonly #bytes = new ByteQueue()
  readonly #descriptors: Descriptor[] = []
  /** The length and the handles of the frame whose message is not complete. */
  #pending: { readonly length: number; readonly descriptors: Descriptor[] } | undefined

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes
  }

  /** True between frames: the end of the stream may come. */
  get atBoundary(): boolean {
    return this.#bytes.length === 0 && !this.#pending && this.#descriptors.length === 0
  }

  /** Adds what one recvmsg returned. The descriptors belong to the reader from here on. */
  push(bytes: Buffer, descriptors: readonly Descriptor[]): void {
    this.#descriptors.push(...descriptors)
    if (bytes.length > 0) this.#bytes.append(bytes)
  }

  /**
   * Returns the next whole frame, and undefined when more bytes are needed.
   *
   * @throws SocketError `EPROTO` for bytes that are no frame and for descriptors that no frame announced, `EMSGSIZE` for
   *   a message that is too long.
   */
  next(): Frame | undefined {
    const pending = (this.#pending ??= this.#header())
    if (!pending || this.#bytes.length < pending.length) {
      this.#rejectUnannounced(pending !== undefined)
      return undefined
    }
    this.#pending = undefined
    return { message: this.#bytes.take(pending.length), descriptors: pending.descriptors }
  }

  /** Closes the descriptors of no whole frame. */
  close(): void {
    for (const each of [...this.#descriptors.splice(0), ...(this.#pending?.descriptors ?? [])]) each.close()
    this.#pending = undefined
  }

  /**
   * Descriptors come with the first byte of their frame. When all complete headers are read, descriptors are left only
   * for a frame whose header is not complete.
   */
  #rejectUnannounced(inMessage: boolean): void {
    const left = this.#descriptors.length
    if (left === 0) return
    if (inMessage || this.#bytes.length === 0 || left > MAX_HANDLES)
      throw malformed(`the peer sent ${left} descriptors that no frame announces`)
  }

  #header(): { length: number; descriptors: Descriptor[] } | undefined {
    if (this.#bytes.length < HEADER_SIZE) return undefined
    const header = this.#bytes.take(HEADER_SIZE)
    const length = header.readUInt32LE(0)
    const handles = header.readUInt8(4)
    if (header.readUIntLE(5, 3) !== 0 || handles > MAX_HANDLES) throw malformed('the bytes are no frame')
    if (length > this.#maxMessageBytes) {
      throw new SocketError({
        code: 'EMSGSIZE',
        syscall: 'receiveHandle',
        detail: `the peer announces a message of ${length} bytes, and maxMessageBytes is ${this.#maxMessageBytes}`,
      })
    }
    if (this.#descriptors.length < handles)
      throw malformed(`a frame announces ${handles} handles and came with ${this.#descriptors.length}`)
    return { length, descriptors: this.#descriptors.splice(0, handles) }
  }
}

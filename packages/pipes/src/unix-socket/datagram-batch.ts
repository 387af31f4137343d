/** DatagramBatch: memory for several datagrams, which one system call sends or receives. */
import { checkOptions, invalidValue, loadBackend, outOfRange } from '@uds/winsock-ffi'
import { integer } from '@uds/winsock-ffi/internal'
import { checkBytes } from '../options/arguments.ts'

export interface DatagramBatchOptions {
  /**
   * How many datagrams it holds, 1 to 1024 (UIO_MAXIOV, the most that sendmmsg takes).
   *
   * @default 32
   */
  readonly messages?: number | undefined
  /**
   * How many bytes each of them may have, 1 to 212,960. A longer one that arrives is cut.
   *
   * @default 2048
   */
  readonly bytes?: number | undefined
}

// struct iovec { void *iov_base; size_t iov_len; }
const IOVEC_SIZE = 16
// struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; } of Linux, 64 bits; msghdr has 56 bytes
const MMSGHDR_SIZE = 64
const MSG_IOV = 16
const MSG_IOVLEN = 24
const MSG_FLAGS = 48
const MSG_LEN = 56
const MSG_TRUNC = 0x20

const MOST_MESSAGES = 1024
/** What fits into a datagram at the default SO_SNDBUF of Linux. */
const MOST_BYTES = 212_960

/** The layout of what sendmmsg and recvmmsg take, for the test that asks the C compiler. */
export const mmsghdr: { readonly size: number; readonly length: number } = {
  size: MMSGHDR_SIZE,
  length: MSG_LEN,
}

const align8 = (size: number): number => Math.ceil(size / 8) * 8

/**
 * Memory for several datagrams: `sendMany` of a {@link UnixDatagram} sends those that it holds, `recvMany` fills it anew.
 * It is used again and again, by any socket of this thread.
 *
 * @example
 * ```ts
 * const batch = new DatagramBatch({ messages: 64, bytes: 512 })
 * const count = socket.recvMany(batch)
 * for (let index = 0; index < count; index += 1) handle(batch.at(index))
 * ```
 */
export class DatagramBatch {
  /** How many datagrams it can hold. */
  readonly capacity: number
  /** How many bytes each of them may have. */
  readonly bytes: number
  #count = 0
  readonly #memory: ArrayBuffer
  /** The mmsghdrs, the iovecs and the bytes, 4 bytes a place: all lengths here are below 2 ** 32, little-endian. */
  readonly #words: Uint32Array
  readonly #slot: number
  readonly #data: number
  /** Where the memory lies; filled in at the first system call, which may be none. */
  #pointers = false

  /** @throws RangeError `ERR_OUT_OF_RANGE`, TypeError `ERR_INVALID_ARG_TYPE`. */
  constructor(options: DatagramBatchOptions = {}) {
    const where = 'new DatagramBatch'
    checkOptions(options, where, ['messages', 'bytes'])
    this.capacity = integer(where, 'messages', options.messages ?? 32, 1, MOST_MESSAGES)
    this.bytes = integer(where, 'bytes', options.bytes ?? 2048, 1, MOST_BYTES)
    this.#slot = align8(this.bytes)
    this.#data = this.capacity * (MMSGHDR_SIZE + IOVEC_SIZE)
    this.#memory = new ArrayBuffer(this.#data + this.capacity * this.#slot)
    this.#words = new Uint32Array(this.#memory)
  }

  /** How many datagrams it holds. */
  get length(): number {
    return this.#count
  }

  /** Forgets what it holds. */
  clear(): void {
    this.#count = 0
  }

  /**
   * Adds a datagram to send: a copy, so the caller may use its memory again.
   *
   * @returns False when the batch is full: send it, then `clear()`.
   * @throws RangeError `ERR_OUT_OF_RANGE` for one that is longer than `bytes`.
   */
  push(data: Uint8Array): boolean {
    checkBytes(data, 'push', 'the data')
    if (data.length > this.bytes) {
      const most = `at most ${this.bytes} bytes, as "bytes" of the batch says`
      throw outOfRange('push', 'the data', most, data.length)
    }
    if (this.#count === this.capacity) return false
    new Uint8Array(this.#memory, this.#at(this.#count), data.length).set(data)
    this.#setLength(this.#count, data.length)
    this.#count += 1
    return true
  }

  /** A datagram that it holds: a view, whose bytes the next `recvMany` or `push` replaces. */
  at(index: number): Uint8Array {
    const length = this.#words[this.#header(this.#known(index, 'at')) + MSG_LEN / 4]!
    return new Uint8Array(this.#memory, this.#at(index), Math.min(length, this.bytes))
  }

  /** Whether a datagram that was received had more bytes than fit; the rest is lost. */
  truncated(index: number): boolean {
    return (this.#words[this.#header(this.#known(index, 'truncated')) + MSG_FLAGS / 4]! & MSG_TRUNC) !== 0
  }

  #known(index: number, where: string): number {
    if (this.#count > 0) return integer(where, 'the index', index, 0, this.#count - 1)
    throw invalidValue(where, 'the batch', 'must hold a datagram: it is empty', index)
  }

  #header(index: number): number {
    return (index * MMSGHDR_SIZE) / 4
  }

  #at(index: number): number {
    return this.#data + index * this.#slot
  }

  #setLength(index: number, length: number): void {
    const iovec = (this.capacity * MMSGHDR_SIZE + index * IOVEC_SIZE + 8) / 4
    this.#words[iovec] = length
    this.#words[this.#header(index) + MSG_LEN / 4] = length
    this.#words[this.#header(index) + MSG_FLAGS / 4] = 0
  }

  /** @internal The array of `struct mmsghdr`, from one of them on. */
  headers(from: number): Uint8Array {
    if (!this.#pointers) this.#fillPointers()
    return new Uint8Array(this.#memory, from * MMSGHDR_SIZE, (this.capacity - from) * MMSGHDR_SIZE)
  }

  /** @internal Empties it, with all of its room offered to the system. */
  prepareToReceive(): void {
    this.#count = 0
    for (let index = 0; index < this.capacity; index += 1) this.#setLength(index, this.bytes)
  }

  /** @internal What the system has filled in. */
  received(count: number): void {
    this.#count = count
  }

  /** @internal The place of one datagram, to receive into without recvmmsg. */
  place(index: number): Uint8Array {
    return new Uint8Array(this.#memory, this.#at(index), this.bytes)
  }

  /** @internal Notes what was received without recvmmsg. */
  note(index: number, length: number, truncated: boolean): void {
    this.#setLength(index, length)
    if (truncated) this.#words[this.#header(index) + MSG_FLAGS / 4] = MSG_TRUNC
  }

  #fillPointers(): void {
    const memory = new DataView(this.#memory)
    const base = loadBackend().address(new Uint8Array(this.#memory))
    const iovecs = this.capacity * MMSGHDR_SIZE
    for (let index = 0; index < this.capacity; index += 1) {
      const iovec = iovecs + index * IOVEC_SIZE
      memory.setBigUint64(iovec, base + BigInt(this.#at(index)), true)
      memory.setBigUint64(index * MMSGHDR_SIZE + MSG_IOV, base + BigInt(iovec), true)
      memory.setBigUint64(index * MMSGHDR_SIZE + MSG_IOVLEN, 1n, true)
    }
    this.#pointers = true
  }
}

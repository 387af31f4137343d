/** What every blocking stream does, whatever carries it. */
import { checkOptions, type PeerCredentials, type SocketError } from '@uds/winsock-ffi'
import { integer } from '@uds/winsock-ffi/internal'
import {
  checkBytes,
  callTimeout,
  checkedDirection,
  checkListOfBytes,
  parseTimeout,
  type ShutdownHow,
  type WaitOptions,
} from '../options/arguments.ts'
import type { SocketAddr } from './socket-addr.ts'
import { remaining } from '../options/remaining.ts'
import { endedEarly, tooMuch, withPartial, withTransferred, type PartialTransfer } from '../errors/errors.ts'
import type { SharedState } from '../threads/state.ts'
import { Timed } from './timed.ts'
import { chunksOf, linesOf, type LineOptions } from './iteration.ts'

export interface ReadToEndOptions extends WaitOptions {
  /**
   * Bytes to take at most; more fail with `ENOBUFS`, so that no peer can fill the memory.
   *
   * @default 1_073_741_824
   */
  readonly maxBytes?: number | undefined
}

export interface CloseOptions {
  /**
   * Milliseconds to wait at most for the peer to read what was written, before the handle is closed. 0 does
   * not wait: what was written is delivered anyhow.
   *
   * @default 0
   */
  readonly flushMs?: number | undefined
}

const CHUNK = 65_536

/**
 * A connected stream whose calls wait in the calling thread, as Rust's `UnixStream` does. Bytes written are the bytes
 * read; nothing is added. While a call waits, nothing else runs in its thread: no timer, no promise, no signal handler.
 *
 * Clones ({@link BlockingStream.tryClone}) share the handle, the timeouts and the mode, and may live in other threads:
 * one thread can read while another writes. Two reads, or two writes, take turns.
 */
export abstract class BlockingStream extends Timed {
  protected abstract readSome(state: SharedState, buffer: Uint8Array, timeoutMs: number | undefined): number
  protected abstract writeWhole(state: SharedState, data: Uint8Array, timeoutMs: number | undefined): number
  protected abstract gather(
    state: SharedState,
    parts: readonly Uint8Array[],
    timeoutMs: number | undefined,
  ): number
  protected abstract peekSome(state: SharedState, buffer: Uint8Array, timeoutMs: number | undefined): number
  protected abstract flushWhole(state: SharedState, timeoutMs: number | undefined): void
  protected abstract end(state: SharedState, how: ShutdownHow): void

  /** Another object for the same connection. The connection is closed with the last of them. */
  abstract tryClone(): BlockingStream
  /** The address of this end. */
  abstract localAddr(): SocketAddr
  /** The address of the other end. */
  abstract peerAddr(): SocketAddr
  /**
   * The process at the other end, as the system vouches for it.
   *
   * ## Platform behaviour
   * Linux and macOS: `pid`, `uid`, `gid`. Windows: `pid` and the `sid` of its user; the process is looked up by its
   * number, so one that has ended has no SID.
   */
  abstract peerCredentials(): PeerCredentials
  /**
   * The error that waits on the stream, which this call clears; null for none. After the peer has closed without reading
   * all that was written, a read returns 0 and this returns `ECONNRESET` on POSIX.
   */
  abstract takeError(): SocketError | null
  /** The bytes that can be read without waiting. */
  abstract available(): number

  /**
   * Reads what is there, and waits if there is nothing.
   *
   * @returns How many bytes were read; 0 at the end of the stream, when the peer has closed or shut down its writing
   *   half (or for a buffer of length 0).
   * @throws SocketError `ETIMEDOUT`, `EAGAIN` when non-blocking, `EBADF` after {@link BlockingStream.close}.
   */
  read(buffer: Uint8Array, options?: WaitOptions): number {
    const state = this.opened('read')
    checkBytes(buffer, 'read', 'the buffer')
    const timeoutMs = options === undefined ? undefined : callTimeout(options, 'read')
    return buffer.length === 0 ? 0 : this.readSome(state, buffer, timeoutMs)
  }

  /**
   * Writes the whole of the data, and waits until the system has taken it. When non-blocking it takes what fits.
   *
   * @returns How many bytes were written: all, unless the mode is non-blocking.
   * @throws SocketError & {@link PartialTransfer} `ETIMEDOUT`, `EPIPE` when the peer is gone: `bytesTransferred` says how
   *   many bytes went out before. `EAGAIN` when non-blocking and nothing fits.
   */
  write(data: Uint8Array, options?: WaitOptions): number {
    const state = this.opened('write')
    checkBytes(data, 'write', 'the data')
    const timeoutMs = options === undefined ? undefined : callTimeout(options, 'write')
    return data.length === 0 ? 0 : this.writeWhole(state, data, timeoutMs)
  }

  /**
   * Reads until the buffer is full, or so many bytes into a new one. `timeoutMs` bounds the whole; the read timeout, each
   * read.
   *
   * @throws SocketError & `PartialRead` `EOF` when the stream ends before; otherwise as {@link read}.
   */
  readExact(buffer: Uint8Array | number, options?: WaitOptions): Uint8Array {
    const target =
      typeof buffer === 'number'
        ? Buffer.alloc(integer('readExact', 'the number of bytes', buffer, 0, 2 ** 31 - 1))
        : buffer
    checkBytes(target, 'readExact', 'the buffer')
    const left = remaining(options, 'readExact')
    let got = 0
    try {
      while (got < target.length) {
        const bytes = this.read(target.subarray(got), left())
        if (bytes === 0) throw endedEarly(target.length, got)
        got += bytes
      }
      return target
    } catch (error) {
      throw withPartial(error as SocketError, target.subarray(0, got))
    }
  }

  /**
   * Reads until the stream ends. `timeoutMs` bounds the whole; the read timeout, each read.
   *
   * @throws SocketError & `PartialRead` as {@link read}; `ENOBUFS` for more than `maxBytes`.
   */
  readToEnd(options?: ReadToEndOptions): Buffer {
    const left = remaining(options, 'readToEnd', ['timeoutMs', 'maxBytes'])
    const most = integer('readToEnd', 'maxBytes', options?.maxBytes ?? 2 ** 30, 0, Number.MAX_SAFE_INTEGER)
    const parts: Buffer[] = []
    let part = Buffer.allocUnsafeSlow(CHUNK)
    let filled = 0
    let got = 0
    const whole = (): Buffer => Buffer.concat([...parts, part.subarray(0, filled)], got)
    try {
      for (;;) {
        // A chunk is filled well before the next one is taken: a peer that writes byte by byte costs no more memory.
        if (CHUNK - filled < CHUNK / 4) {
          parts.push(part.subarray(0, filled))
          part = Buffer.allocUnsafeSlow(CHUNK)
          filled = 0
        }
        const bytes = this.read(part.subarray(filled), left())
        if (bytes === 0) return whole()
        filled += bytes
        got += bytes
        if (got > most) throw tooMuch(most)
      }
    } catch (error) {
      throw withPartial(error as SocketError, whole())
    }
  }

  /**
   * Writes the whole of the data, waiting as often as it takes. The write timeout holds for the whole.
   *
   * @throws SocketError & {@link PartialTransfer} as {@link write}; when non-blocking, `EAGAIN` as soon as nothing fits.
   */
  writeAll(data: Uint8Array, options?: WaitOptions): void {
    const left = remaining(options, 'writeAll')
    let written = this.write(data, left())
    while (written < data.length) {
      const done = written
      written += this.#counted(done, () => this.write(data.subarray(done), left()))
    }
  }

  /** Adds what earlier calls have moved to the count of a call that fails. */
  #counted(before: number, call: () => number): number {
    try {
      return call()
    } catch (error) {
      const moved = (error as Partial<PartialTransfer>).bytesTransferred ?? 0
      throw withTransferred(error as SocketError, before + moved)
    }
  }

  /**
   * Fills several buffers in turn with what is there, and waits only for the first byte.
   *
   * @returns How many bytes were read into all of them; 0 at the end of the stream.
   */
  readVectored(buffers: readonly Uint8Array[], options?: WaitOptions): number {
    checkListOfBytes(buffers, 'readVectored')
    const [first, ...rest] = buffers.filter((each) => each.length > 0)
    if (first === undefined) return 0
    let got = this.read(first, options)
    if (got < first.length || this.endsHere) return got
    for (const buffer of rest) {
      const bytes = this.#ready(buffer)
      got += bytes
      if (bytes < buffer.length || this.endsHere) break
    }
    return got
  }

  /** Reads what is there. What another thread has taken meanwhile is not waited for, and an error is the next call's. */
  #ready(buffer: Uint8Array): number {
    try {
      return this.available() === 0 ? 0 : this.read(buffer, { timeoutMs: 0 })
    } catch {
      return 0
    }
  }

  /** True after a read that came to the end of a message, beyond which no read may go. */
  protected get endsHere(): boolean {
    return false
  }

  /**
   * Writes several buffers as if they were joined: one system call where the system has one, and one message in message
   * mode.
   *
   * @returns as {@link write}.
   */
  writeVectored(buffers: readonly Uint8Array[], options?: WaitOptions): number {
    const state = this.opened('writeVectored')
    checkListOfBytes(buffers, 'writeVectored')
    const parts = buffers.filter((each) => each.length > 0)
    const timeoutMs = callTimeout(options, 'writeVectored')
    return parts.length === 0 ? 0 : this.gather(state, parts, timeoutMs)
  }

  /** Reads without taking: the next read returns the same bytes. Waits as {@link read} does. */
  peek(buffer: Uint8Array, options?: WaitOptions): number {
    const state = this.opened('peek')
    checkBytes(buffer, 'peek', 'the buffer')
    const timeoutMs = callTimeout(options, 'peek')
    return buffer.length === 0 ? 0 : this.peekSome(state, buffer, timeoutMs)
  }

  /**
   * Waits until the peer has read everything that was written. The write timeout holds.
   *
   * ## Platform behaviour
   * macOS, and AF_UNIX on Windows, do not report what the peer has read: there it only finds out whether the peer is gone.
   *
   * @throws SocketError `EPIPE` when the peer closes and leaves bytes unread, `ETIMEDOUT`, `EAGAIN` when non-blocking.
   */
  flush(options?: WaitOptions): void {
    this.flushWhole(this.opened('flush'), callTimeout(options, 'flush'))
  }

  /**
   * Ends one direction, or both, for all clones; calls that wait in it end. Local reads then return 0 and local writes fail
   * with `EPIPE`.
   *
   * ## Platform behaviour
   * After `'write'` the peer of a socket, and of a pipe in message mode, reads the end and can still answer. A byte pipe
   * cannot end its writing half before it is closed.
   */
  shutdown(how: ShutdownHow): void {
    this.end(this.opened('shutdown'), checkedDirection(how))
  }

  /** Closes this end of the stream, and the connection with the last of its clones. Closing twice is no error. */
  override close(options?: CloseOptions): void {
    checkOptions(options, 'close', ['flushMs'])
    const flushMs = parseTimeout(options?.flushMs ?? 0, 'close', 'flushMs')
    if (!this.closed && flushMs > 0 && this.opened('close').references === 1) {
      try {
        this.flush({ timeoutMs: flushMs })
      } catch {
        // It was to be waited for, not to be insisted on: the stream is closed either way.
      }
    }
    super.close()
  }

  /** The chunks as they come, each in a buffer of its own, until the stream ends. */
  [Symbol.iterator](): IterableIterator<Buffer> {
    return chunksOf(this)
  }

  /** The lines of the stream as text, without their line ends, until it ends. It reads ahead: use nothing else beside. */
  lines(options?: LineOptions): IterableIterator<string> {
    checkOptions(options, 'lines', ['maxBytes'])
    return linesOf(this, options)
  }
}

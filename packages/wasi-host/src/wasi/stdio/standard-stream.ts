/** A standard stream of a guest that is a descriptor of this process: read, write, seek, type, readiness. */
import { closeSync, fstatSync, fsyncSync, readvSync, writevSync, type BigIntStats, type Stats } from 'node:fs'
import { isatty } from 'node:tty'
import { Failure, failureOf } from '../../outcome/failure.ts'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import type { Whence } from '../files/open-file.ts'
import { descriptorOffset, setDescriptorOffset } from './descriptor-offset.ts'
import type { DescriptorPoll, DescriptorState } from './descriptor-poll.ts'
import { openDescriptorPoll } from './select.ts'

/** `__wasi_filetype_t` */
export const FILETYPE_UNKNOWN = 0
export const FILETYPE_CHARACTER_DEVICE = 2
export const FILETYPE_REGULAR_FILE = 4
/** Of pipes too: preview 1 has no type for them, and uvwasi calls them so. */
const FILETYPE_SOCKET_STREAM = 6

const statOf = (fd: number): Stats | undefined => {
  try {
    return fstatSync(fd)
  } catch {
    return undefined
  }
}

/** The file type of a descriptor of this process. */
export const filetypeOf = (fd: number): number => {
  const stat = statOf(fd)
  if (stat?.isFile()) return FILETYPE_REGULAR_FILE
  if (stat?.isFIFO() || stat?.isSocket()) return FILETYPE_SOCKET_STREAM
  return stat?.isCharacterDevice() ? FILETYPE_CHARACTER_DEVICE : FILETYPE_UNKNOWN
}

/** Whether a read or a write may wait: a pipe, a socket, a terminal. */
export const mayWait = (fd: number): boolean => {
  const stat = statOf(fd)
  return stat !== undefined && (stat.isFIFO() || stat.isSocket() || isatty(fd))
}

/** What a file or a device is: poll(2) on those is always true. */
const always = (available: number): DescriptorState => ({
  readable: true,
  writable: true,
  hangup: false,
  available,
})

/** The first buffers, `most` bytes in all. */
const limited = (buffers: readonly Uint8Array[], most: number): Uint8Array[] => {
  const chosen: Uint8Array[] = []
  let left = most
  for (const each of buffers) {
    if (left <= 0) break
    const piece = each.length > left ? each.subarray(0, left) : each
    chosen.push(piece)
    left -= piece.length
  }
  return chosen
}

/**
 * A descriptor that this process shares with others. Its O_NONBLOCK is theirs too, so whether a call of the guest waits
 * is kept here: `EAGAIN` of the system means that it has to, and nothing is set on the descriptor.
 */
export class StandardStream {
  readonly fd: number
  /** The guest has set NONBLOCK. */
  nonblocking = false
  readonly #waits: boolean
  readonly #owned: boolean
  #poll: DescriptorPoll | undefined

  /** @param options.owned - It was opened for this guest, and is closed when it is released. */
  constructor(fd: number, options: { readonly owned: boolean } = { owned: false }) {
    this.fd = fd
    this.#waits = mayWait(fd)
    this.#owned = options.owned
  }

  /** A read or a write may wait; of a file it never does. */
  get waits(): boolean {
    return this.#waits
  }

  #state(): DescriptorState | undefined {
    this.#poll ??= openDescriptorPoll(this.fd)
    return this.#poll.state()
  }

  /** What it is ready for; where the system does not say, ready for everything. */
  state(): DescriptorState {
    if (!this.#waits) return always(this.#left())
    return this.#state() ?? always(1)
  }

  /** Bytes of a file behind its offset; 1 for anything else, of which no number is known. */
  #left(): number {
    const stat = statOf(this.fd)
    if (!stat?.isFile()) return 1
    try {
      return Math.max(stat.size - descriptorOffset(this.fd), 0)
    } catch {
      // Without koffi only the system knows the offset.
      return stat.size
    }
  }

  stat(): BigIntStats {
    return fstatSync(this.fd, { bigint: true })
  }

  /**
   * Moves the offset, which all have that share the descriptor, and returns it.
   *
   * @throws Failure `ESPIPE` when it is no file; SocketError `ENOTSUP` where koffi is not installed.
   */
  seek(distance: bigint, whence: Whence): number {
    const stat = statOf(this.fd)
    if (!stat?.isFile()) throw new Failure('ESPIPE', 'the stream is no file')
    const here = descriptorOffset(this.fd)
    if (whence === 'here' && distance === 0n) return here
    const from = whence === 'start' ? 0 : whence === 'here' ? here : stat.size
    const to = BigInt(from) + distance
    if (to < 0n || to > BigInt(Number.MAX_SAFE_INTEGER))
      throw new Failure('EINVAL', 'the offset is negative, or more than 2^53 - 1')
    return setDescriptorOffset(this.fd, Number(to))
  }

  /** Reads what is there; 0 at the end. */
  read(buffers: readonly Uint8Array[]): number | typeof NOT_YET {
    if (this.#waits && this.#state()?.readable === false) return NOT_YET
    try {
      return readvSync(this.fd, [...buffers])
    } catch (error) {
      const { code } = failureOf(error)
      if (code === 'EAGAIN') return NOT_YET
      // libuv on Windows: a pipe whose other end is closed.
      if (code === 'EOF') return 0
      throw error
    }
  }

  /** Writes as much as it takes without waiting. */
  write(buffers: readonly Uint8Array[]): number | typeof NOT_YET {
    if (this.#waits && this.#state()?.writable === false) return NOT_YET
    const most = this.#waits ? this.#poll!.writeAtOnce : Infinity
    try {
      return writevSync(this.fd, limited(buffers, most))
    } catch (error) {
      if (failureOf(error).code === 'EAGAIN') return NOT_YET
      throw error
    }
  }

  /**
   * Waits until a file is on the disk.
   *
   * @throws The error of `node:fs`: `EINVAL` when it is no file.
   */
  sync(): void {
    fsyncSync(this.fd)
  }

  /** The descriptor itself stays open, unless it was opened for the guest. */
  release(): void {
    this.#poll?.release()
    this.#poll = undefined
    if (this.#owned) closeSync(this.fd)
  }
}

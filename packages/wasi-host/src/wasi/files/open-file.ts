/** OpenFile: a file of the host that the guest has open, with an offset of its own. */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  type BigIntStats,
} from 'node:fs'
import { Failure } from '../../outcome/failure.ts'
import { readAt, writeAt, type Bytes } from './transfer.ts'
import { setTimes, type NewTimes } from './times.ts'

/** How a file is open. */
export interface FileMode {
  readonly read: boolean
  readonly write: boolean
  /** Each write goes to the end of the file. */
  readonly append: boolean
  /** Each write is on the disk when it returns: its data, or all that is known of the file too. */
  readonly sync: 'none' | 'data' | 'all'
}

/** Where an offset is counted from. */
export type Whence = 'start' | 'here' | 'end'

export const readOnly: Failure = new Failure('EROFS', 'the directory is read-only for the guest')

const notForReading = new Failure('EBADF', 'the file is not open for reading')
const notForWriting = new Failure('EBADF', 'the file is not open for writing')
const badOffset = new Failure('EINVAL', 'the offset is negative, or more than 2^53 - 1')

// Windows lacks the last two: undefined is no bit.
const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_SYNC, O_DSYNC } = constants

const syncFlags = { none: 0, data: O_DSYNC, all: O_SYNC } as const

/** The flags of open(2) for a mode. */
export const openFlags = ({ read, write, append, sync }: FileMode): number =>
  (write ? (read ? O_RDWR : O_WRONLY) : O_RDONLY) | (write && append ? O_APPEND : 0) | syncFlags[sync]

/** A number of bytes or an offset of a guest: what JavaScript counts exactly. */
export const checkedOffset = (offset: bigint): number => {
  if (offset < 0n || offset > BigInt(Number.MAX_SAFE_INTEGER)) throw badOffset
  return Number(offset)
}

export class OpenFile {
  #fd: number
  #mode: FileMode
  #offset = 0
  #close: (fd: number) => void
  readonly #reopen: ((fd: number, flags: number) => number) | undefined
  /** Nothing may change the file: it lies in a directory that is read-only for the guest. */
  readonly readOnly: boolean

  constructor(
    fd: number,
    mode: FileMode,
    options: {
      readonly readOnly: boolean
      readonly reopen: ((fd: number, flags: number) => number) | undefined
      readonly close: (fd: number) => void
    },
  ) {
    this.#fd = fd
    this.#mode = mode
    this.readOnly = options.readOnly
    this.#reopen = options.reopen
    this.#close = options.close
  }

  get mode(): FileMode {
    return this.#mode
  }

  get offset(): number {
    return this.#offset
  }

  stat(): BigIntStats {
    return fstatSync(this.#fd, { bigint: true })
  }

  get size(): number {
    return fstatSync(this.#fd).size
  }

  /** Reads at an offset; 0 at the end. */
  readAt(into: Bytes, offset: number): number {
    if (!this.#mode.read) throw notForReading
    return readAt(this.#fd, into, offset)
  }

  /** Reads at its own offset, and moves that. */
  read(into: Bytes): number {
    const bytes = this.readAt(into, this.#offset)
    this.#offset += bytes
    return bytes
  }

  /** Writes at an offset, which is the end of the file while APPEND is set, as Linux has it. pwrite(2) */
  writeAt(from: Bytes, offset: number): number {
    if (!this.#mode.write) throw notForWriting
    return writeAt(this.#fd, from, this.#mode.append ? 'end' : offset)
  }

  /** Writes at its own offset, or at the end, and moves the offset behind that. */
  write(from: Bytes): number {
    const bytes = this.writeAt(from, this.#offset)
    if (!this.#mode.append) this.#offset += bytes
    else if (bytes > 0) this.#offset = this.size
    return bytes
  }

  /** The file once more, each of whose writes goes to the end; undefined where the system cannot. */
  appending(): OpenFile | undefined {
    const mode = { ...this.#mode, append: true }
    const reopen = this.#reopen
    return (
      reopen &&
      new OpenFile(reopen(this.#fd, openFlags(mode)), mode, {
        readOnly: this.readOnly,
        reopen,
        close: closeSync,
      })
    )
  }

  seek(distance: bigint, whence: Whence): number {
    const from = whence === 'start' ? 0 : whence === 'here' ? this.#offset : this.size
    this.#offset = checkedOffset(BigInt(from) + distance)
    return this.#offset
  }

  #expectChangeable(): void {
    if (this.readOnly) throw readOnly
    if (!this.#mode.write) throw notForWriting
  }

  setSize(size: number): void {
    this.#expectChangeable()
    ftruncateSync(this.#fd, size)
  }

  /** Makes the file so long; no blocks are reserved. */
  allocate(offset: number, length: number): void {
    this.#expectChangeable()
    if (length === 0) throw new Failure('EINVAL', 'there is nothing to allocate')
    const end = checkedOffset(BigInt(offset) + BigInt(length))
    if (end > this.size) ftruncateSync(this.#fd, end)
  }

  setTimes(times: NewTimes): void {
    if (this.readOnly) throw readOnly
    setTimes({ fd: this.#fd }, times, this.stat())
  }

  /** Waits until all is on the disk. What is open for reading only has nothing to write, and Windows would refuse. */
  sync(): void {
    if (this.#mode.write) fsyncSync(this.#fd)
  }

  syncData(): void {
    if (this.#mode.write) fdatasyncSync(this.#fd)
  }

  /** Changes APPEND and the ways of syncing: the file is opened once more, since `node:fs` has no fcntl(2). */
  setMode({ append, sync }: Pick<FileMode, 'append' | 'sync'>): void {
    if (append === this.#mode.append && sync === this.#mode.sync) return
    const mode = { ...this.#mode, append, sync }
    if (this.#mode.write) {
      if (!this.#reopen) throw new Failure('ENOTSUP', 'APPEND, DSYNC and SYNC are set when a file is opened')
      const fd = this.#reopen(this.#fd, openFlags(mode))
      this.#close(this.#fd)
      this.#fd = fd
      this.#close = closeSync
    }
    this.#mode = mode
  }

  close(): void {
    this.#close(this.#fd)
  }
}

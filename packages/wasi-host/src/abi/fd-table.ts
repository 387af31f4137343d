/** FdTable: the descriptors of a guest. */
import { badDescriptor, Failure } from '../outcome/failure.ts'
import type { OpenDirectory } from '../wasi/files/open-directory.ts'
import type { OpenFile } from '../wasi/files/open-file.ts'
import type { StandardStream } from '../wasi/stdio/standard-stream.ts'
import type { Preopened } from '../wasi/preopen.ts'
import type { Rights } from './preview1/rights.ts'

/** What a descriptor of the guest stands for. */
export type FdEntry =
  /** A file, with its flags of preview 1. */
  | { readonly kind: 'file'; readonly file: OpenFile; flags: number; rights: Rights }
  /** A directory; with its name for the guest when it was open at the start. */
  | {
      readonly kind: 'directory'
      readonly directory: OpenDirectory
      readonly preopened?: string
      rights: Rights
    }
  /** A standard stream that is a descriptor of this process, or a stream that was opened: a FIFO, a terminal. */
  | { readonly kind: 'standard'; readonly standard: StandardStream; rights: Rights }
  /** A socket; with `stdio`, its file type, when it is a standard stream that the host has as a stream. */
  | { readonly kind: 'socket'; readonly id: number; readonly stdio?: number }

/** Closes what is no socket. */
export const closeEntry = (entry: Exclude<FdEntry, { readonly kind: 'socket' }>): void => {
  if (entry.kind === 'file') entry.file.close()
  else if (entry.kind === 'directory') entry.directory.close()
  else entry.standard.release()
}

/** Descriptors that are open at a time: a guest must not use up those of this process. */
const MOST_DESCRIPTORS = 4096

const full = new Failure('EMFILE', `the guest has ${MOST_DESCRIPTORS} descriptors open`)

const noSlot = new Failure('EMFILE', 'all descriptors that wasi-vfs has learned of at the start are in use')

export interface FdTableOptions {
  /** The least number of a new socket. */
  readonly firstSocket?: number | undefined
}

/** The one map of a guest's descriptors, for files and sockets alike. */
export class FdTable {
  readonly #entries = new Map<number, FdEntry>()
  readonly #slots = new Set<number>()
  /** Numbers that libraries in the guest use for what is no descriptor of the host. */
  readonly #held = new Set<number>()
  readonly #unnumbered = new Set<{ close(): void }>()
  readonly #firstSocket: number
  /** Where the search for a number for what is no socket begins. */
  #noneFreeBelow = 0

  constructor({ firstSocket = 0 }: FdTableOptions = {}) {
    this.#firstSocket = firstSocket
  }

  get(fd: number): FdEntry {
    const entry = this.#entries.get(fd >>> 0)
    if (!entry) throw badDescriptor
    return entry
  }

  /** The socket behind a descriptor. */
  socket(fd: number): number {
    const entry = this.get(fd)
    if (entry.kind !== 'socket') throw new Failure('ENOTSOCK', `the descriptor ${fd} is no socket`)
    return entry.id
  }

  /** The socket behind a descriptor, if it is one. */
  socketId(fd: number): number | undefined {
    const entry = this.#entries.get(fd >>> 0)
    return entry?.kind === 'socket' ? entry.id : undefined
  }

  set(fd: number, entry: FdEntry): void {
    this.#entries.set(fd, entry)
  }

  #freed(fd: number): void {
    if (fd < this.#noneFreeBelow) this.#noneFreeBelow = fd
  }

  #lowest(from: number, usable: (fd: number) => boolean): number {
    if (this.#entries.size + this.#held.size >= MOST_DESCRIPTORS) throw full
    for (let fd = from; ; fd += 1) if (!this.#entries.has(fd) && !this.#held.has(fd) && usable(fd)) return fd
  }

  /** Assigns the lowest free number to a file, a directory or a stream. */
  add(entry: FdEntry): number {
    const fd = this.#lowest(this.#noneFreeBelow, (each) => !this.#slots.has(each))
    this.#noneFreeBelow = fd + 1
    this.#entries.set(fd, entry)
    return fd
  }

  /** Assigns a number to a socket: the lowest free one, or one of the reserved slots where there are any. */
  addSocket(id: number): number {
    const fd = this.#freeForSocket()
    this.#entries.set(fd, { kind: 'socket', id })
    return fd
  }

  #freeForSocket(): number {
    if (this.#slots.size === 0) return this.#lowest(this.#firstSocket, () => true)
    for (const fd of this.#slots) if (!this.#entries.has(fd)) return fd
    throw noSlot
  }

  /** Throws unless there are numbers for so many sockets more: before an action that cannot be taken back. */
  expectRoom(sockets = 1): void {
    if (this.#slots.size === 0) {
      if (this.#entries.size + this.#held.size + this.#unnumbered.size + sockets > MOST_DESCRIPTORS)
        throw full
      return
    }
    const free = [...this.#slots].filter((fd) => !this.#entries.has(fd)).length
    if (free < sockets) throw noSlot
  }

  remove(fd: number): void {
    this.#entries.delete(fd >>> 0)
    this.#freed(fd >>> 0)
  }

  /** Sets a number aside that is no descriptor: every call on it is EBADF. */
  hold(): number {
    const fd = this.#lowest(0, (each) => !this.#slots.has(each))
    this.#held.add(fd)
    return fd
  }

  /** Frees such a number. */
  letGo(fd: number): void {
    if (!this.#held.delete(fd >>> 0)) throw badDescriptor
    this.#freed(fd >>> 0)
  }

  /** Sets numbers aside for sockets to come. */
  reserve(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.#slots.add(this.#lowest(0, (fd) => !this.#slots.has(fd)))
    }
  }

  /** Keeps what is open without a number, as components have it, so that it is closed with the guest. */
  keep(open: { close(): void }): void {
    this.#unnumbered.add(open)
  }

  /** No longer keeps what {@link keep} keeps; it is the caller's to close. */
  forget(open: { close(): void }): void {
    this.#unnumbered.delete(open)
  }

  /** The directories that were open at the start, by their names for the guest. */
  preopened(): Preopened[] {
    return [...this.#entries.values()].flatMap((entry) =>
      entry.kind === 'directory' && entry.preopened !== undefined
        ? [{ name: entry.preopened, directory: entry.directory }]
        : [],
    )
  }

  /** Forgets all that is no socket, and closes it. */
  closeFiles(): void {
    for (const open of this.#unnumbered) open.close()
    this.#unnumbered.clear()
    for (const [fd, entry] of this.#entries) {
      if (entry.kind === 'socket') continue
      this.#entries.delete(fd)
      closeEntry(entry)
    }
  }

  /** Whether the number is set aside and no socket has it. */
  isFreeSlot(fd: number): boolean {
    return this.#slots.has(fd >>> 0) && !this.#entries.has(fd >>> 0)
  }
}

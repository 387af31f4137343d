/** What a descriptor of preview 1 stands for, with the rights that a call needs. */
import { MAX_VECTORS, type GuestMemory } from '../../memory/guest-memory.ts'
import { badDescriptor, Failure, fault } from '../../outcome/failure.ts'
import type { OpenDirectory } from '../../wasi/files/open-directory.ts'
import { readOnly, type OpenFile, type Whence } from '../../wasi/files/open-file.ts'
import { transfersByAddress, type Bytes, type Part } from '../../wasi/files/transfer.ts'
import type { Guest } from '../abi.ts'
import type { FdEntry } from '../fd-table.ts'
import { lookUp, type Numbers } from '../rows.ts'
import { expectRight } from './rights.ts'

const isDirectory = new Failure('EISDIR', 'the descriptor is a directory')

const isSocket = (fd: number, code: string): Failure => new Failure(code, `the descriptor ${fd} is a socket`)

/** Anything but a socket. */
export type FileEntry = Exclude<FdEntry, { readonly kind: 'socket' }>

/**
 * Anything but a socket, with a right.
 *
 * @param onSocket - The code for a socket.
 */
export const entryWith = (guest: Guest, fd: number, right: number, onSocket: string): FileEntry => {
  const entry = guest.fds.get(fd)
  if (entry.kind === 'socket') throw isSocket(fd, onSocket)
  expectRight(entry.rights, right)
  return entry
}

/** A file; `onSocket` is the code for what has neither an offset nor a size, too. */
export const fileWith = (guest: Guest, fd: number, right: number, onSocket: string): OpenFile => {
  const entry = guest.fds.get(fd)
  if (entry.kind === 'file') {
    expectRight(entry.rights, right)
    return entry.file
  }
  if (entry.kind === 'directory') throw isDirectory
  throw isSocket(fd, onSocket)
}

/** As {@link fileWith}, for a call that changes the file. */
export const changeableFile = (guest: Guest, fd: number, right: number, onSocket: string): OpenFile => {
  const entry = guest.fds.get(fd)
  if (entry.kind === 'file' && entry.file.readOnly) throw readOnly
  return fileWith(guest, fd, right, onSocket)
}

/** A directory. */
export const directoryWith = (guest: Guest, fd: number, right: number): OpenDirectory => {
  const entry = guest.fds.get(fd)
  if (entry.kind !== 'directory') throw new Failure('ENOTDIR', `the descriptor ${fd} is no directory`)
  expectRight(entry.rights, right)
  return entry.directory
}

/** As {@link directoryWith}, for a call that changes what is in it. */
export const changeableDirectory = (guest: Guest, fd: number, right: number): OpenDirectory => {
  const entry = guest.fds.get(fd)
  if (entry.kind === 'directory' && entry.directory.readOnly) throw readOnly
  return directoryWith(guest, fd, right)
}

/** The name that a directory of the host has for the guest. */
export const preopenedName = (guest: Guest, fd: number): string => {
  const entry = guest.fds.get(fd)
  if (entry.kind === 'directory' && entry.preopened !== undefined) return entry.preopened
  throw badDescriptor
}

/** The bytes of the iovec at a pointer. */
const partAt = (memory: GuestMemory, iovec: number): Part => {
  const from = memory.u32(iovec)
  const size = memory.u32(iovec + 4)
  if (size === 0) return { bytes: NOTHING, from: 0, size: 0 }
  const bytes = memory.around(from, size)
  return { bytes, from, size, address: transfersByAddress() ? memory.address(from) : undefined }
}

const NOTHING = new Uint8Array(0)

/** The bytes that an array of iovecs names. Nearly all callers pass one, wasi-libc's stdio two. */
export const bytesAt = (memory: GuestMemory, iovs: number, many: number): Bytes => {
  if (many === 1) return partAt(memory, iovs >>> 0)
  if (many >>> 0 > MAX_VECTORS) throw fault
  const parts: Part[] = []
  for (let index = 0; index < many; index += 1) {
    const part = partAt(memory, (iovs >>> 0) + 8 * index)
    if (part.size > 0) parts.push(part)
  }
  return { parts }
}

/** `__wasi_whence_t` */
const whences: Numbers<Whence> = { 0: 'start', 1: 'here', 2: 'end' }

export const whenceOf = (number: number): Whence => lookUp(whences, number, 'EINVAL', 'origin of an offset')

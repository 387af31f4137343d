/** Transfers between a file and memory: by pread(2) and pwrite(2) where system calls can be made, which costs half of `node:fs`. */
import { readSync, readvSync, writeSync, writevSync } from 'node:fs'
import { constants as os } from 'node:os'
import { hasBackend, loadBackend } from '@uds/winsock-ffi'
import { runtime, system } from '@uds/winsock-ffi/internal'
import { libc } from '../libraries/posix.ts'

/** A part of a larger view: to make a view of its own for each call would cost as much as a third of a small read. */
export interface Part {
  readonly bytes: Uint8Array
  readonly from: number
  readonly size: number
  /** Where it lies in this process, for as long as the guest does not run; undefined where nobody knows. */
  readonly address?: number | undefined
}

/** Several parts, as an array of iovecs names them. */
export interface Parts {
  readonly parts: readonly Part[]
}

/** Where bytes come from or go to. */
export type Bytes = Part | Parts | readonly Uint8Array[]

const { EINTR } = os.errno

/** Deno keeps what it has open in a table of its own. */
const canCall = system !== 'win32' && runtime.name !== 'deno'

let known: boolean | undefined

/** Whether the address of memory is of use: elsewhere nobody need ask for it. */
export const transfersByAddress = (): boolean => (known ??= canCall && hasBackend())

/** Calls until no signal has come in between. */
const uninterrupted = (call: () => number): number => {
  for (;;) {
    const bytes = call()
    if (bytes !== -EINTR) return bytes
  }
}

/** `struct iovec { void *iov_base; size_t iov_len; }`: IOV_MAX of them, of this thread. */
const IOVEC_SIZE = 16
const MOST_PARTS = 1024
let iovecs: { readonly view: DataView; readonly address: number } | undefined

/** Writes the parts where the system reads them; undefined where they have no addresses. */
const iovecsOf = (parts: readonly Part[]): number | undefined => {
  if (parts.length > MOST_PARTS || parts[0]?.address === undefined) return undefined
  if (iovecs === undefined) {
    const view = new DataView(new ArrayBuffer(MOST_PARTS * IOVEC_SIZE))
    iovecs = { view, address: Number(loadBackend().address(view)) }
  }
  const { view, address } = iovecs
  let at = 0
  for (const part of parts) {
    const high = Math.floor(part.address! / 2 ** 32)
    view.setUint32(at, part.address! - high * 2 ** 32, true)
    view.setUint32(at + 4, high, true)
    view.setUint32(at + 8, part.size, true)
    at += IOVEC_SIZE
  }
  return address
}

const viewsOf = (bytes: Parts | readonly Uint8Array[]): readonly Uint8Array[] =>
  'parts' in bytes ? bytes.parts.map((part) => part.bytes.subarray(part.from, part.from + part.size)) : bytes

/** By its address; a negative number where that cannot be, or has failed: `node:fs` has the error by the same call once more. */
const byAddress = (
  bytes: Bytes,
  one: 'pread' | 'pwrite',
  several: 'preadv' | 'pwritev',
  fd: number,
  offset: number,
): number => {
  if ('size' in bytes) {
    const { address, size } = bytes
    return address === undefined ? -1 : uninterrupted(() => libc[one].attempt(fd, address, size, offset))
  }
  if (!('parts' in bytes)) return -1
  const address = iovecsOf(bytes.parts)
  return address === undefined
    ? -1
    : uninterrupted(() => libc[several].attempt(fd, address, bytes.parts.length, offset))
}

const isEmpty = (bytes: Bytes): boolean =>
  ('size' in bytes ? bytes.size : 'parts' in bytes ? bytes.parts.length : bytes.length) === 0

/** Reads at an offset; 0 at the end. */
export const readAt = (fd: number, into: Bytes, offset: number): number => {
  if (isEmpty(into)) return 0
  const bytes = byAddress(into, 'pread', 'preadv', fd, offset)
  if (bytes >= 0) return bytes
  return 'size' in into
    ? readSync(fd, into.bytes, into.from, into.size, offset)
    : readvSync(fd, [...viewsOf(into)], offset)
}

/** Writes at an offset, or where the file is open for appending at its end. */
export const writeAt = (fd: number, from: Bytes, offset: number | 'end'): number => {
  if (isEmpty(from)) return 0
  const bytes = offset === 'end' ? -1 : byAddress(from, 'pwrite', 'pwritev', fd, offset)
  if (bytes >= 0) return bytes
  return 'size' in from
    ? writeSync(fd, from.bytes, from.from, from.size, offset === 'end' ? null : offset)
    : writevSync(fd, [...viewsOf(from)], offset === 'end' ? undefined : offset)
}

/** GuestMemory, iovecs: checked access to the memory of a guest. */
import { loadBackend } from '@uds/winsock-ffi'
import { fault } from '../outcome/failure.ts'
import type { WasmMemory } from '../module/engine.ts'

const decoder = new TextDecoder()

/**
 * The memory of a guest, with every access checked against its end. The memory may grow whenever the guest runs, and
 * growing detaches the buffer; so no view of it may be kept over a wait.
 */
export class GuestMemory {
  readonly #memory: WasmMemory
  #bytes: Uint8Array
  #view: DataView
  /** Where the memory lies, once it was asked for. */
  #address: number | undefined
  /** The views that were asked for last. */
  #last: Uint8Array = new Uint8Array(0)
  #older: Uint8Array = new Uint8Array(0)

  constructor(memory: WasmMemory) {
    this.#memory = memory
    this.#bytes = new Uint8Array(memory.buffer)
    this.#view = new DataView(memory.buffer)
  }

  /**
   * The view of the memory as it is now. Asking a memory for its buffer costs as much as all the rest of a call, so that
   * is done only when what is there does not reach: growing detaches a buffer, and its views then have no bytes.
   */
  #at(pointer: number, length: number): DataView {
    if (pointer + length > this.#bytes.length) this.#look(pointer + length)
    return this.#view
  }

  #look(end: number): void {
    const { buffer } = this.#memory
    this.#bytes = new Uint8Array(buffer)
    this.#view = new DataView(buffer)
    this.#address = undefined
    if (end > this.#bytes.length) throw fault
  }

  /** The bytes at a pointer: the memory itself, no copy. A range of no bytes may be anywhere. */
  bytes(pointer: number, length: number): Uint8Array {
    const from = pointer >>> 0
    const size = length >>> 0
    if (size === 0) return new Uint8Array(0)
    // A guest mostly reads and writes the same two ranges again, and to make a view costs more than to find one. One of
    // a memory that has grown since has no bytes.
    const last = this.#last
    if (last.byteOffset === from && last.length === size) return last
    const older = this.#older
    this.#older = last
    if (older.byteOffset === from && older.length === size) this.#last = older
    else {
      this.#at(from, size)
      this.#last = this.#bytes.subarray(from, from + size)
    }
    return this.#last
  }

  /** All of the memory, once the bytes at a pointer are known to be in it. */
  around(pointer: number, length: number): Uint8Array {
    this.#at(pointer >>> 0, length >>> 0)
    return this.#bytes
  }

  /**
   * Where a pointer lies in this process, once the bytes at it are known to be in the memory; it is good until the guest
   * runs again, since a memory that grows may move. Only where system calls can be made.
   */
  address(pointer: number): number {
    this.#address ??= Number(loadBackend().address(this.#bytes))
    return this.#address + (pointer >>> 0)
  }

  /** A copy of the bytes at a pointer. */
  copy(pointer: number, length: number): Uint8Array {
    return this.bytes(pointer, length).slice()
  }

  /** UTF-8 text; what is no UTF-8 becomes U+FFFD, so it is a name of nothing. */
  text(pointer: number, length: number): string {
    // A shared or growing buffer cannot be decoded in place in all engines.
    return decoder.decode(this.copy(pointer, length))
  }

  write(pointer: number, bytes: Uint8Array): void {
    this.bytes(pointer, bytes.length).set(bytes)
  }

  /** Throws unless so many bytes at the pointer can be written: before an action that cannot be taken back. */
  check(pointer: number, length: number): void {
    this.#at(pointer >>> 0, length)
  }

  u8(pointer: number): number {
    return this.#at(pointer >>> 0, 1).getUint8(pointer >>> 0)
  }

  u16(pointer: number): number {
    return this.#at(pointer >>> 0, 2).getUint16(pointer >>> 0, true)
  }

  u32(pointer: number): number {
    return this.#at(pointer >>> 0, 4).getUint32(pointer >>> 0, true)
  }

  i32(pointer: number): number {
    return this.#at(pointer >>> 0, 4).getInt32(pointer >>> 0, true)
  }

  u64(pointer: number): bigint {
    return this.#at(pointer >>> 0, 8).getBigUint64(pointer >>> 0, true)
  }

  setU8(pointer: number, value: number): void {
    this.#at(pointer >>> 0, 1).setUint8(pointer >>> 0, value)
  }

  setU16(pointer: number, value: number): void {
    this.#at(pointer >>> 0, 2).setUint16(pointer >>> 0, value, true)
  }

  setU32(pointer: number, value: number): void {
    this.#at(pointer >>> 0, 4).setUint32(pointer >>> 0, value, true)
  }

  setU64(pointer: number, value: bigint): void {
    this.#at(pointer >>> 0, 8).setBigUint64(pointer >>> 0, value, true)
  }
}

/**
 * Where bytes come from or go to. It is asked again after each wait, since the memory may have grown meanwhile.
 */
export interface Iovec {
  /** How many bytes it has in all. */
  readonly size: number
  /** Its parts as they are now. */
  parts(): readonly Uint8Array[]
}

class SingleBuffer implements Iovec {
  readonly size: number
  readonly #memory: GuestMemory
  readonly #pointer: number

  constructor(memory: GuestMemory, pointer: number, size: number) {
    this.#memory = memory
    this.#pointer = pointer
    this.size = size
  }

  parts(): readonly Uint8Array[] {
    return [this.#memory.bytes(this.#pointer, this.size)]
  }
}

/** One range of the memory. */
export const singleIovec = (memory: GuestMemory, pointer: number, length: number): Iovec => {
  const size = length >>> 0
  if (size > 0) memory.check(pointer, size)
  return new SingleBuffer(memory, pointer, size)
}

/** As many as IOV_MAX of Linux: a hostile count must not make the host loop for long. */
export const MAX_VECTORS = 1024

/** The ranges that an array of `iovec { buf u32, len u32 }` names. */
export const readIovecs = (memory: GuestMemory, pointer: number, count: number): Iovec => {
  if (count >>> 0 > MAX_VECTORS) throw fault
  // Nearly all callers pass one.
  if (count === 1) return singleIovec(memory, memory.u32(pointer), memory.u32((pointer >>> 0) + 4))
  const ranges: [pointer: number, length: number][] = []
  let size = 0
  for (let index = 0; index < count; index += 1) {
    const at = (pointer >>> 0) + 8 * index
    const base = memory.u32(at)
    const length = memory.u32(at + 4)
    if (length === 0) continue
    memory.check(base, length)
    ranges.push([base, length])
    size += length
  }
  return { size, parts: () => ranges.map(([base, length]) => memory.bytes(base, length)) }
}

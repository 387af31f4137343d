/** What the calls of a component are served with: its memory, its handles, the sockets. */
import type { Guest } from '../abi/abi.ts'
import type { Outcome } from '../outcome/sync-promise.ts'
import { Handles } from './handles.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'
import { trap } from './trap.ts'

/** `cabi_realloc(old, oldSize, align, newSize)` */
export type Realloc = (old: number, oldSize: number, align: number, size: number) => number

/** Bytes that one read returns, or one write takes, at most. */
export const MOST_AT_ONCE: number = 64 * 1024

/** Where something lies in the memory of the component. */
export interface MemoryRange {
  readonly pointer: number
  readonly length: number
}

/** How strings lie in a memory: an option of `canon lift` and `canon lower`. */
export type Encoding = 'utf8' | 'utf16' | 'latin1+utf16'

export class ComponentHost {
  readonly encoding: Encoding
  readonly guest: Guest
  readonly handles: Handles
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Where a read puts its bytes before they have a place in the memory: a component makes one call at a time. */
  get scratch(): Uint8Array {
    this.#scratch ??= new Uint8Array(MOST_AT_ONCE)
    return this.#scratch
  }

  #scratch: Uint8Array | undefined
  /** Set when the core module has been instantiated. */
  realloc: Realloc | undefined

  constructor(
    guest: Guest,
    {
      args,
      env,
      handles = new Handles(),
      encoding = 'utf8',
    }: {
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, string>>
      /** Those of its component, which may have several memories. */
      readonly handles?: Handles
      readonly encoding?: Encoding
    },
  ) {
    this.handles = handles
    this.encoding = encoding
    this.guest = guest
    this.args = args
    this.env = env
  }

  get memory(): GuestMemory {
    return this.guest.memory
  }

  /** Memory of the component for a result. */
  allocate(align: number, size: number): number {
    if (!this.realloc && size === 0) return align
    if (!this.realloc) return trap('the component exports no cabi_realloc, which its imports need')
    const pointer = this.realloc(0, 0, align, size) >>> 0
    this.guest.memory.check(pointer, size)
    return pointer
  }

  /** Puts bytes into new memory of the component. */
  place(bytes: Uint8Array): MemoryRange {
    const pointer = bytes.length === 0 ? 1 : this.allocate(1, bytes.length)
    this.guest.memory.write(pointer, bytes)
    return { pointer, length: bytes.length }
  }
}

/** A function that a component imports. */
export interface ComponentRow {
  /** The flat types of its parameters: `i` an i32, `I` an i64. */
  readonly parameters: string
  /** The flat type of its result, if there is one. */
  readonly result?: 'i' | 'I'
  /** It may have to wait: the component is suspended meanwhile. */
  readonly waits?: true
  /** An i64 comes as a bigint, whatever the type says. */
  readonly call: (host: ComponentHost, ...args: number[]) => Outcome<number | bigint | void>
}

/** By the name of the function: `[method]pollable.block`. */
export type ComponentRows = Readonly<Record<string, ComponentRow>>

/** `[resource-drop]NAME` */
export const dropRow = (type: abstract new (...args: never[]) => object): ComponentRow => ({
  parameters: 'i',
  call: (host, handle) => void host.handles.remove(type, handle),
})

/** Calls as data: for each import of an ABI a line that says what it takes, and what becomes of it. */
import type { AbiName } from '../../src/module/profile.ts'
import type { Driven } from '../driver.ts'

/** What a descriptor has become before the call is made. */
export type State =
  | 'open'
  | 'datagram'
  /** To a server that has said `hello`. */
  | 'connected'
  /** Bound and listening, and a client waits. */
  | 'listening'
  /** Non-blocking: connected to somebody who says nothing, listening where nobody comes, full of what nobody reads. */
  | 'silent'
  | 'alone'
  | 'full'
  /** The peer has said all that it will say, and closed. */
  | 'left'

/** The descriptor, the port of the server, a place in the memory, or a number as it is. */
export type Arg = 'fd' | 'port' | { readonly pointer: number } | number | bigint

export const fd = 'fd'
export const port = 'port'
export const at = (pointer: number): Arg => ({ pointer })

export interface CallRow {
  /** Its name and its shape: `sock_send:iiii`. */
  readonly call: string
  readonly args: readonly Arg[]
  /** What the descriptor is; `open` unless given. */
  readonly on?: State
  /** The code of what it gives; success unless given. */
  readonly gives?: string
  /** Under blocking it is made of the system's AF_UNIX: EAFNOSUPPORT where there is none. */
  readonly needsUnix?: true
  /** The code that it gives for a descriptor that nobody has; EBADF unless given. */
  readonly unknown?: string
  /** On a descriptor of this state it would block, and says so. */
  readonly blocks?: State
  /** Where it writes how many bytes it has received: none, once the peer has left. */
  readonly received?: number
  /** It sends: that fails once the peer has left. */
  readonly sends?: true
  /** Pointers that may be anything in this call: it does not get so far. */
  readonly unread?: readonly number[]
}

export interface CallTable {
  readonly abi: AbiName
  /** The module that the calls are imported from. */
  readonly module: string
  readonly style: 'wasi' | 'linux'
  /** The code of a pointer that leaves the memory. */
  readonly fault: string
  readonly rows: readonly CallRow[]
  /** Puts what the calls read into the memory: the address of a server with this port, names, vectors. */
  readonly prepare: (guest: Driven, port: number) => Promise<void>
}

export const OUT = 8
export const OUT2 = 16
export const OUT3 = 24
export const ADDRESS = 64
export const ADDRESS_BYTES = 256
export const VECTORS = 512
export const BUFFER = 1024
export const BUFFER_LENGTH = 8
export const NAME = 2048
export const NAME_TEXT = 'two.test'
export const SERVICE = 2112
export const ROOM = 4096
/** Zeros. */
export const NOTHING = 8192

/** Puts there what most calls want. */
export const putNames = async (guest: Driven): Promise<void> => {
  await guest.words(VECTORS, BUFFER, BUFFER_LENGTH)
  await guest.put(NAME, `${NAME_TEXT}\0`)
  await guest.put(SERVICE, '443\0')
}

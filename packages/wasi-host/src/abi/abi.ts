/** What an ABI is: a table with a row for each call. */
import type { SocketCalls } from '../sockets/socket-calls.ts'
import type { HttpCalls } from '../http/http-calls.ts'
import type { ErrnoStyle } from '../outcome/errno.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'
import type { Outcome } from '../outcome/sync-promise.ts'
import type { AbiName } from '../module/profile.ts'
import type { FdTable } from './fd-table.ts'

/** What a call of a guest is served with. */
export interface Guest {
  readonly memory: GuestMemory
  readonly fds: FdTable
  readonly sockets: SocketCalls
  /** Undefined where nothing serves `wasi:http`. */
  readonly http: HttpCalls | undefined
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface Row {
  /** The types of the parameters: `i` an i32, `I` an i64. Every call returns an i32. */
  readonly parameters: string
  /** It may have to wait: the guest is suspended meanwhile. */
  readonly waits?: true
  /** What the call is about, where that is not the descriptor that it has as its first argument. */
  readonly subject?: 'guest' | 'nothing'
  /** Serves the call. No result is success, a number is an errno; failures are thrown. */
  readonly call: (guest: Guest, ...args: number[]) => Outcome<number | void>
}

export interface Abi {
  readonly name: AbiName | 'uds_socket'
  /** The names of the modules that a guest imports it from. */
  readonly modules: readonly string[]
  /** The numbers that it uses unless the host says otherwise. */
  readonly errno: ErrnoStyle
  /** The errno of a pointer that leaves the memory. */
  readonly fault: string
  /** By the names of the calls; several where a name has had several shapes. */
  readonly rows: Readonly<Record<string, Row | readonly Row[]>>
}

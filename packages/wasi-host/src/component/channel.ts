/** Where the bytes of a stream come from and go to: a socket, or a standard stream of this process. */
import { pollAll, type StandardRequest } from '../abi/standard-streams.ts'
import type { Guest } from '../abi/abi.ts'
import type { FdEntry } from '../abi/fd-table.ts'
import type { Iovec } from '../memory/guest-memory.ts'
import { wouldBlock } from '../outcome/failure.ts'
import { after, NOT_YET, type Outcome } from '../outcome/sync-promise.ts'
import { DONTWAIT, type LoopSockets, type PollRequest } from '../sockets/socket-calls.ts'
import { gather } from '../sockets/iovec-transfer.ts'
import type { StandardStream } from '../wasi/stdio/standard-stream.ts'

/** What a pollable waits for. */
export interface Interest {
  readonly read: boolean
  readonly write: boolean
}

export interface Channel {
  /** Reads what is there; 0 at the end. Throws {@link wouldBlock} when nothing is there and it may not wait. */
  read(guest: Guest, into: Uint8Array, waits: boolean): Outcome<number>
  /** Bytes that a read returns at once, if there are any and that is known. */
  arrived(guest: Guest): number
  /** Waits until something can be read, where bytes are known by {@link arrived} then. */
  untilArrived(guest: Guest): Outcome<void>
  /** Writes what goes without waiting. Throws {@link wouldBlock} when nothing does. */
  write(guest: Guest, from: Uint8Array): Outcome<number>
  /** Writes all, however long it takes. */
  writeAll(guest: Guest, from: Iovec): Outcome<number>
  /** The request of a poll; of a file there is nothing to wait for. */
  request(
    interest: Interest,
  ): { readonly socket: PollRequest } | { readonly standard: StandardRequest } | { readonly ready: true }
}

/** Bytes of the host as an iovec. */
export const iovecOf = (bytes: Uint8Array): Iovec => ({ size: bytes.length, parts: () => [bytes] })

export const socketChannel = (id: number): Channel => ({
  arrived: ({ sockets }) => (sockets as Partial<LoopSockets>).arrived?.(id) ?? 0,
  untilArrived: ({ sockets }) => (sockets as Partial<LoopSockets>).untilArrived?.(id),
  read: (guest, into, waits) => guest.sockets.receive(id, iovecOf(into), waits ? 0 : DONTWAIT),
  write: (guest, from) => guest.sockets.send(id, iovecOf(from), DONTWAIT),
  writeAll: (guest, from) => guest.sockets.send(id, from, 0),
  request: (interest) => ({ socket: { id, ...interest } }),
})

export const standardChannel = (stream: StandardStream): Channel => {
  const attempt = (
    guest: Guest,
    waits: boolean,
    interest: Interest,
    action: () => number | typeof NOT_YET,
  ): Outcome<number> => {
    const result = action()
    if (result !== NOT_YET) return result
    if (!waits) throw wouldBlock
    return after(pollAll(guest, [], [{ stream, ...interest }], -1), () =>
      attempt(guest, waits, interest, action),
    )
  }
  const write = (guest: Guest, from: Uint8Array, waits: boolean): Outcome<number> =>
    attempt(guest, waits, { read: false, write: true }, () => stream.write([from]))
  const writeAll = (guest: Guest, from: Uint8Array): Outcome<number> =>
    after(write(guest, from, true), (bytes) =>
      bytes < from.length ? after(writeAll(guest, from.subarray(bytes)), (rest) => bytes + rest) : bytes,
    )
  return {
    arrived: () => 0,
    untilArrived: () => undefined,
    read: (guest, into, waits) =>
      attempt(guest, waits, { read: true, write: false }, () => stream.read([into])),
    write: (guest, from) => write(guest, from, false),
    // A copy, since the memory may move while it waits.
    writeAll: (guest, from) => writeAll(guest, gather(from)),
    request: (interest) => ({ standard: { stream, ...interest } }),
  }
}

/** A standard stream by its entry among the descriptors. */
export const channelOf = (entry: FdEntry): Channel | undefined => {
  if (entry.kind === 'socket') return socketChannel(entry.id)
  return entry.kind === 'standard' ? standardChannel(entry.standard) : undefined
}

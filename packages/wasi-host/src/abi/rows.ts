/** Rows that the ABIs share: open, close, bind, accept, send, receive, resolve. Each ABI adds its own numbers and layouts. */
import type { Address, Family, IpAddress, Kind } from '../network/address.ts'
import { PEEK, WAITALL, type Received } from '../sockets/socket-calls.ts'
import { Failure } from '../outcome/failure.ts'
import { readIovecs, type GuestMemory, type Iovec } from '../memory/guest-memory.ts'
import { after, type Outcome } from '../outcome/sync-promise.ts'
import type { Guest, Row } from './abi.ts'
import { closeEntry } from './fd-table.ts'

/** What the numbers of an ABI stand for. */
export type Numbers<T> = Readonly<Record<number, T>>

/** What a number stands for. Fails with the code when it is none of the table. */
export const lookUp = <T>(table: Numbers<T>, number: number, code: string, what: string): T => {
  const found = Object.hasOwn(table, number) ? table[number] : undefined
  if (found !== undefined) return found
  throw new Failure(code, `the ${what} ${number} is not one of ${Object.keys(table).join(', ')}`)
}

/** The port as it was passed, in an i32. */
export const checkedPort = (port: number): number => {
  if (port >= 0 && port <= 65_535) return port
  throw new Failure('EINVAL', `the port ${port} is not 0 to 65535`)
}

/** A service is a port here: names of services are the system's, and no guest was seen to ask for one. */
export const servicePort = (service: string): number => {
  if (service === '') return 0
  if (/^\d{1,5}$/.test(service) && Number(service) <= 65_535) return Number(service)
  throw new Failure('EINVAL', `the service ${JSON.stringify(service)} is no port`)
}

/** Closes a descriptor, whatever it is. */
export const closeDescriptor = (guest: Guest, fd: number): Outcome<void> => {
  const entry = guest.fds.get(fd)
  if (entry.kind === 'socket') {
    guest.fds.remove(fd)
    return guest.sockets.close(entry.id)
  }
  guest.fds.remove(fd)
  return closeEntry(entry)
}

/** The numbers of families and types. */
export interface SocketNumbers {
  readonly families: Numbers<Family>
  readonly kinds: Numbers<Kind>
}

/** Opens a socket, and writes its descriptor. */
export const openSocket = (
  guest: Guest,
  { families, kinds }: SocketNumbers,
  family: number,
  type: number,
  fd: number,
): Outcome<void> => {
  guest.memory.check(fd, 4)
  const known = lookUp(families, family, 'EAFNOSUPPORT', 'family')
  const kind = lookUp(kinds, type, 'EPROTOTYPE', 'type')
  guest.fds.expectRoom()
  return after(guest.sockets.open(known, kind), (id) => guest.memory.setU32(fd, guest.fds.addSocket(id)))
}

/** `(family, type, *fd)` */
export const openRow = (numbers: SocketNumbers): Row => ({
  parameters: 'iii',
  subject: 'guest',
  waits: true,
  call: (guest, family, type, fd) => openSocket(guest, numbers, family, type, fd),
})

/** `(fd)`, which must be a socket. */
export const closeRow: Row = {
  parameters: 'i',
  waits: true,
  call: (guest, fd) => {
    guest.fds.socket(fd)
    return closeDescriptor(guest, fd)
  },
}

/** `(fd, backlog)` */
export const listenRow: Row = {
  parameters: 'ii',
  waits: true,
  call: (guest, fd, backlog) => guest.sockets.listen(guest.fds.socket(fd), backlog),
}

/** Reads an address from the arguments behind the descriptor. */
export type ReadAddress = (memory: GuestMemory, ...args: number[]) => Address

/** `(fd, ...address)` */
export const addressRow = (which: 'bind' | 'connect', parameters: string, read: ReadAddress): Row => ({
  parameters,
  waits: true,
  call: (guest, fd, ...address) => guest.sockets[which](guest.fds.socket(fd), read(guest.memory, ...address)),
})

/** How an ABI writes an address: `check` before the call is made, `write` once the address is there. */
export interface AddressWriter {
  readonly check: (memory: GuestMemory, ...args: number[]) => void
  readonly write: (memory: GuestMemory, address: Address, ...args: number[]) => void
}

/** `(fd, ...address)`: the address of the socket, or of its peer. */
export const nameRow = (
  which: 'localAddress' | 'peerAddress',
  parameters: string,
  { check, write }: AddressWriter,
): Row => ({
  parameters,
  call: (guest, fd, ...address) => {
    check(guest.memory, ...address)
    return after(guest.sockets[which](guest.fds.socket(fd)), (found) =>
      write(guest.memory, found, ...address),
    )
  },
})

/** Accepts a connection, and writes its descriptor. */
export const accept = (
  guest: Guest,
  fd: number,
  nonblocking: boolean,
  opened: number,
  writePeer?: (peer: Address) => void,
): Outcome<void> => {
  guest.memory.check(opened, 4)
  const id = guest.fds.socket(fd)
  guest.fds.expectRoom()
  return after(guest.sockets.accept(id, nonblocking), (made) => {
    guest.memory.setU32(opened, guest.fds.addSocket(made.id))
    writePeer?.(made.peer)
  })
}

/** Where bytes go to or come from. */
export interface Transfer {
  readonly fd: number
  readonly iovec: Iovec
  readonly flags: number
  /** Where the number of bytes is written. */
  readonly count: number
}

/** Sends, and writes how many bytes went. */
export const send = (guest: Guest, { fd, iovec, flags, count }: Transfer, to?: Address): Outcome<void> => {
  guest.memory.check(count, 4)
  return after(guest.sockets.send(guest.fds.socket(fd), iovec, flags, to), (bytes) =>
    guest.memory.setU32(count, bytes),
  )
}

/** Receives, and writes how many bytes came. */
export const receive = (guest: Guest, { fd, iovec, flags, count }: Transfer): Outcome<void> => {
  guest.memory.check(count, 4)
  return after(guest.sockets.receive(guest.fds.socket(fd), iovec, flags), (bytes) =>
    guest.memory.setU32(count, bytes),
  )
}

/** `__wasi_riflags_t`: 1 is PEEK, 2 is WAITALL. */
export const receiveFlags = (flags: number): number => (flags & 1 ? PEEK : 0) | (flags & 2 ? WAITALL : 0)

/** Receives, writes the number of bytes, and passes the rest of the result to `report`. */
export const receiveFrom = (
  guest: Guest,
  { fd, iovec, flags, count }: Transfer,
  tell: (received: Received) => void,
): Outcome<void> => {
  guest.memory.check(count, 4)
  return after(guest.sockets.receiveFrom(guest.fds.socket(fd), iovec, flags), (received) => {
    tell(received)
    guest.memory.setU32(count, received.bytes)
  })
}

/**
 * `sock_recv(fd, iovs, many, flags, *count, *outFlags)` and `sock_send(fd, iovs, many, flags, *count)`.
 *
 * @param receiveFlagsOf - Converts the flags of receiving; throws for unknown ones.
 * @param sendFlags - Converts the flags of sending; throws for unknown ones.
 */
export const vectorRows = (
  receiveFlagsOf: (flags: number) => number,
  sendFlags: (flags: number) => number,
): Readonly<Record<'sock_recv' | 'sock_send', Row>> => ({
  sock_recv: {
    parameters: 'iiiiii',
    waits: true,
    call: (guest, fd, iovs, many, flags, count, outFlags) => {
      const transfer = { fd, flags: receiveFlagsOf(flags), count }
      guest.memory.check(outFlags, 2)
      const iovec = readIovecs(guest.memory, iovs, many)
      return receiveFrom(guest, { ...transfer, iovec }, ({ truncated }) =>
        guest.memory.setU16(outFlags, truncated ? 1 : 0),
      )
    },
  },
  sock_send: {
    parameters: 'iiiii',
    waits: true,
    call: (guest, fd, iovs, many, flags, count) => {
      const transfer = { fd, flags: sendFlags(flags), count }
      return send(guest, { ...transfer, iovec: readIovecs(guest.memory, iovs, many) })
    },
  },
})

/** What is asked of a name. */
export interface NameQuestion {
  readonly host: string
  readonly port: number
  readonly family?: 'inet' | 'inet6' | undefined
}

/** An array for addresses, and what is written of each. */
export interface NameAnswer {
  readonly at: number
  /** The most entries that it has room for, and the bytes of each. */
  readonly most: number
  readonly entry: number
  /** Where the number of addresses is written. */
  readonly count: number
  readonly write: (memory: GuestMemory, at: number, address: IpAddress) => void
}

/** More are never written, whatever a guest says that it has room for. */
const MOST_ADDRESSES = 1024

/**
 * Resolves a name, and writes its addresses.
 *
 * @param question - Asked for once the memory of the answer is known to be there.
 */
export const resolve = (
  guest: Guest,
  { at, most, entry, count, write }: NameAnswer,
  question: () => NameQuestion,
): Outcome<void> => {
  const { memory } = guest
  const limit = Math.min(most >>> 0, MOST_ADDRESSES)
  memory.check(count, 4)
  memory.check(at, limit * entry)
  const { host, port, family } = question()
  return after(guest.sockets.resolve(host, port, family, limit), (found) => {
    for (const [index, each] of found.entries()) write(memory, at + index * entry, each)
    memory.setU32(count, found.length)
  })
}

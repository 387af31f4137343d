/** SocketSystem: what each system supplies for AF_UNIX sockets. */
import type { SocketError, SocketType } from '@uds/winsock-ffi'
import type { Direction } from '../../threads/cells.ts'
import type { Wakers } from '../../threads/state.ts'

/** Bits of the result of {@link SocketSystem.wait}. */
export const READY = 1
export const WOKEN = 2
/** The peer has closed, or an error waits: reported unasked. */
export const GONE = 4

/** Several datagrams in one call: the results are how many were sent or received. */
export interface ManyDatagrams {
  /** @param headers - `struct mmsghdr`, `count` of them. */
  send(fd: number, headers: Uint8Array, count: number, waits: boolean): number
  /** Waits for the first of them at most, in the kernel or not at all. */
  receive(fd: number, headers: Uint8Array, count: number, waits: boolean): number
}

/** Memory for the address of a sender, as recvfrom(2) fills it in. */
export interface SenderName {
  /** A `sockaddr_un`. */
  readonly bytes: Uint8Array
  /** Its `socklen_t`: before the call the room, after it the length. */
  readonly length: Uint32Array
}

/**
 * What blocking AF_UNIX sockets need beside the system calls of `@uds/winsock-ffi`, which it is made of: records of calls,
 * wakers, timeouts of the kernel, modes. posix.ts and win32.ts supply it. Calls return their result, or the negated error
 * number of the system.
 */
export interface SocketSystem extends Wakers {
  /** True where recv and send may wait in the kernel, and obey the timeouts of {@link setKernelTimeout}. */
  readonly waitsInKernel: boolean
  /** True where the kernel knows how much the peer has not read, so that flush can wait for it. */
  readonly tellsUnread: boolean
  /** True where a socket file has a mode that decides who may connect. */
  readonly hasModes: boolean
  /** True where a server whose backlog is full refuses, as a dead one does. */
  readonly refusesWhenFull: boolean
  /** Reads, and waits in the kernel. Only where {@link waitsInKernel}. */
  receive(fd: number, buffer: Uint8Array): number
  send(fd: number, data: Uint8Array): number
  /** Never waits. */
  tryReceive(fd: number, buffer: Uint8Array, peek: boolean): number
  trySend(fd: number, data: Uint8Array): number
  /** sendmmsg and recvmmsg; absent where the system has none. */
  readonly many?: ManyDatagrams
  tryAccept(fd: number): number
  /** Sends a datagram to an address, as the system encodes it. It waits in the kernel, or not at all. */
  sendTo(fd: number, data: Uint8Array, to: Uint8Array, waits: boolean): number
  /**
   * Receives a datagram and the address of its sender; the result is its whole length, also where it was cut. Absent where
   * the system does not report that length.
   */
  readonly receiveFrom?: (fd: number, buffer: Uint8Array, from: SenderName, waits: boolean) => number
  /** Waits until the socket is ready, or the wake handle (-1: none) is signalled, or `ms` (-1: ever) are over. */
  wait(fd: number, direction: Direction | undefined, wake: number, ms: number): number
  /** Forgets the wake-ups that have come so far. */
  settle(wake: number): void
  setKernelTimeout(fd: number, direction: Direction, ms: number): void
  /** The bytes that were written and that the peer has not read. */
  unread(fd: number): number
  close(fd: number): void
  /**
   * The type of socket to try a file with. A datagram socket finds a socket of any type, also one that does not listen
   * yet, without becoming its client: EPROTOTYPE for a stream, a connection of no consequence for a datagram socket.
   */
  probeType(type: SocketType): SocketType
  /** True when the kernel does not wait although {@link waitsInKernel}: another process has set O_NONBLOCK. */
  neverWaits(fd: number): boolean
  /** accept must never wait in the kernel. */
  prepareListener(fd: number): void
  /** Sets the mode that the file will have after bind, where the system lets it be set before. */
  prepareMode(fd: number, mode: number): void
  /**
   * Sets the mode of a file that bind has just made, whatever the umask took away. No other file's mode is changed,
   * also where other users may write the directory.
   *
   * @throws SocketError `EACCES` when another file is there by now.
   */
  setFileMode(path: string, mode: number): void
  /** Notes on a socket that this thread alone has it, where a thread can end and leave it open: that of a Worker. */
  markThread(fd: number): void
  /**
   * Closes sockets bound to a path whose threads have ended without a chance to close them, as `terminate()` ends them.
   *
   * @returns True if there were any.
   */
  closeOrphans(path: string): boolean

  isWouldBlock(code: number): boolean
  isInterrupted(code: number): boolean
  /** The connection is no more: on a read it is its end, on a write EPIPE. */
  isGone(code: number): boolean
  failed(code: number, syscall: string): SocketError
}

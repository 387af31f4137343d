/**
 * `SystemCalls`: what each system supplies; posix/sockets.ts and win32/sockets.ts do. All numbers are the system's own. Calls
 * whose failure is ordinary (EAGAIN) return the result, or the negated error number; the others throw.
 */
import type { SocketError } from '../errors/socket-error.ts'
import type { PeerCredentials } from '../credentials/peer-credentials.ts'
import type { ErrorSubject } from '../errors/call-failed.ts'

/** `vsock` connects virtual machines and their host (Linux). */
export type SocketFamily = 'unix' | 'inet' | 'inet6' | 'vsock'
export type SocketType = 'stream' | 'datagram' | 'seqpacket'

/** Readiness, as {@link SystemCalls.poll} asks for it and reports it: bits that may be combined. */
export const READABLE = 1
export const WRITABLE = 2
/** The peer has gone, or closed its writing half. Reported unasked. */
export const HANGUP = 4
/** An error waits on the socket. Reported unasked. */
export const FAILED = 8

/** A message for {@link SystemCalls.sendMessage}. */
export interface OutgoingMessage {
  readonly parts: readonly Uint8Array[]
  /** Descriptors to send along. The receiver gets copies. */
  readonly descriptors: readonly number[]
  /** A sockaddr, for a socket that is not connected. */
  readonly to: Uint8Array | undefined
  /** SCM_CREDENTIALS, where the system has it. */
  readonly credentials?: SenderCredentials | undefined
}

/** Who a message says that it is from; the kernel checks it (unix(7), SCM_CREDENTIALS). */
export interface SenderCredentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** What {@link SystemCalls.receiveMessage} fills in. */
export interface IncomingMessage {
  descriptors: number[]
  /** Asked for by true; then the sender, or still true when the system names none. */
  credentials: PeerCredentials | boolean
  /** Whether the sender is asked for: on a stream it is always the peer. */
  readonly named: boolean
  /** The sockaddr of the sender; empty when the system names none. */
  from: Uint8Array
  /** The datagram was longer than the memory for it; the rest is lost. */
  truncated: boolean
  /** More descriptors came than were allowed for; the rest is closed. */
  descriptorsTruncated: boolean
}

/** A socket option of this system. */
export interface OptionRow {
  readonly level: number
  readonly name: number
  readonly kind: 'int' | 'boolean' | 'linger' | 'error'
  readonly readOnly?: true
}

export interface SystemCalls {
  readonly types: Readonly<Record<SocketType, number>>
  readonly options: Readonly<Record<string, OptionRow | undefined>>
  /** A `struct linger` for so many seconds; null turns lingering off. */
  encodeLinger(seconds: number | null): Uint8Array
  decodeLinger(bytes: Uint8Array): number | null
  readonly lingerSize: number
  readonly MSG_PEEK: number
  /** A call on this socket waits in the system. False on Windows, where every socket is non-blocking and polled. */
  readonly blocksInSystem: boolean
  /** Not to wait, for one call; 0 where the socket itself never waits. */
  readonly MSG_DONTWAIT: number

  /**
   * How many bytes one send on a stream may offer. Winsock takes a send of any length whole and reports it sent when
   * the peer has read nearly all of it, so that no deadline could be kept; POSIX takes what there is room for.
   */
  readonly longestStreamSend: number

  open(family: number, type: number): number
  pair(type: number): [number, number]
  close(fd: number): number
  /** Another number for the same socket; not where sockets are not numbers of files (Windows). */
  readonly duplicate?: (fd: number) => number
  setNonblocking(fd: number, on: boolean): void

  /** Lets the socket take a port whose last connections are in TIME_WAIT, where that has to be asked for. */
  reuseAddress(fd: number): void
  bind(fd: number, address: Uint8Array): number
  listen(fd: number, backlog: number): number
  /** Returns the descriptor of the connection. */
  accept(fd: number): number
  /** Begins to connect, and waits only if the socket is one that does. */
  connect(fd: number, address: Uint8Array): number
  /**
   * Connects and waits up to `timeoutMs` (-1: for ever), whatever mode the socket is in; the mode afterwards is
   * undefined. Returns 0, or the negated error number, that of ETIMEDOUT when the time is up.
   */
  connectWithin(fd: number, address: Uint8Array, timeoutMs: number): number

  /** Bounds the waiting of `recv` on a blocking socket; then it fails as one that would block. Not where sockets never do. */
  readonly receiveTimeout?: (fd: number, ms: number) => void

  send(fd: number, data: Uint8Array, flags: number): number
  recv(fd: number, buffer: Uint8Array, flags: number): number
  sendMessage(fd: number, message: OutgoingMessage, flags: number): number
  receiveMessage(
    fd: number,
    buffer: Uint8Array,
    maxDescriptors: number,
    flags: number,
    result: IncomingMessage,
  ): number
  shutdown(fd: number, how: 0 | 1 | 2): number

  /** Waits for one socket; returns its readiness, 0 after `timeoutMs` (-1: never). */
  pollOne(fd: number, interest: number, timeoutMs: number): number
  /** Waits for any of several; `ready` receives the readiness of each. */
  poll(fds: readonly number[], interests: readonly number[], timeoutMs: number, ready: number[]): number

  /** The sockaddr of `getsockname` or `getpeername`. */
  name(which: 'getsockname' | 'getpeername', fd: number): Uint8Array
  getOption(fd: number, level: number, name: number, value: Uint8Array): number
  setOption(fd: number, level: number, name: number, value: Uint8Array): number
  /** Bytes that can be read without waiting. */
  available(fd: number): number
  peerCredentials(fd: number): PeerCredentials
  /** More about the peer; Linux. */
  readonly peerGroups?: (fd: number) => number[]
  readonly peerLabel?: (fd: number) => string | undefined
  readonly peerPidfd?: (fd: number) => number

  /** Makes the thread wait for so many whole milliseconds; a signal may end it early. */
  sleep(ms: number): void

  isWouldBlock(nativeCode: number): boolean
  isInterrupted(nativeCode: number): boolean
  isInProgress(nativeCode: number): boolean
  /** The one place where a failed socket call becomes an error. */
  toError(nativeCode: number, syscall: string, about?: ErrorSubject): SocketError
}

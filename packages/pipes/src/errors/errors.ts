/** The errors that this package itself finds; those of the system come from its twins. */
import { adviceFor, SocketError } from '@uds/winsock-ffi'

/** What an error of a call that had moved some bytes already carries. */
export interface PartialTransfer {
  /**
   * The bytes that were read into the buffer, or taken by the system for the peer, before the call failed. The next call
   * goes on behind them.
   */
  readonly bytesTransferred: number
}

export const withTransferred = (error: SocketError, bytes: number): SocketError & PartialTransfer =>
  Object.assign(error, { bytesTransferred: bytes })

/** What an error of `sendMany` carries. */
export interface PartialSend {
  /** The datagrams that were sent before the call failed; the next of the batch is the one that it failed with. */
  readonly datagramsSent: number
}

/** @param error - A mistake of the caller's is left as it is: nothing was sent then. */
export const withSent = (error: unknown, datagrams: number): unknown =>
  error instanceof SocketError ? Object.assign(error, { datagramsSent: datagrams }) : error

/** What an error of `readExact` and `readToEnd` carries. */
export interface PartialRead extends PartialTransfer {
  /** The bytes that came before: they are taken from the stream, and here they are not lost. */
  readonly partial: Uint8Array
}

/** An error of the system with the address that it was about, and what the reader can do. */
export const withAddress = (error: SocketError, address?: string): SocketError => {
  const { code, syscall, nativeCode } = error
  return new SocketError({
    code,
    syscall,
    nativeCode,
    address,
    advice: adviceFor(code, syscall, address),
    cause: error.cause,
  })
}

/** The bytes are not enumerable: a program that prints the error wants its message. */
export const withPartial = (error: SocketError, partial: Uint8Array): SocketError & PartialRead =>
  Object.defineProperty(withTransferred(error, partial.length), 'partial', {
    value: partial,
  }) as SocketError & PartialRead

export const timedOut = (syscall: string, timeoutMs: number): SocketError =>
  new SocketError({ code: 'ETIMEDOUT', syscall, detail: `nothing happened within ${timeoutMs} ms` })

export const wouldBlock = (syscall: string): SocketError =>
  new SocketError({
    code: 'EAGAIN',
    syscall,
    detail: 'the call would have to wait, and the mode is non-blocking',
    advice: 'try again later, or call setNonblocking(false)',
  })

export const closed = (syscall: string, what: string): SocketError =>
  new SocketError({
    code: 'EBADF',
    syscall,
    detail: `the ${what} is closed`,
    advice: 'it was closed, given away as a raw handle, or transferred to another thread before this call',
  })

/** The peer is gone, or this direction was shut down here. */
export const brokenPipe = (syscall: string, nativeCode?: number): SocketError =>
  new SocketError({
    code: 'EPIPE',
    syscall,
    nativeCode,
    advice: 'the peer has closed the connection, or this end was shut down for writing',
  })

export const endedEarly = (wanted: number, got: number): SocketError =>
  new SocketError({
    code: 'EOF',
    syscall: 'read',
    detail: `the stream ended after ${got} of ${wanted} bytes`,
    advice: 'the peer closed or shut down its writing half too early',
  })

export const tooMuch = (most: number): SocketError =>
  new SocketError({
    code: 'ENOBUFS',
    syscall: 'readToEnd',
    detail: `the peer sent more than ${most} bytes`,
    advice: 'raise maxBytes, or read in parts',
  })

/** A listener was shut down, in this thread or another. */
export const listenerEnded = (syscall: string): SocketError =>
  new SocketError({
    code: 'ECANCELED',
    syscall,
    detail: 'the listener was shut down',
    advice: 'listener.shutdown() ended it in every thread',
  })

export const notSupported = (syscall: string, detail: string, advice: string): SocketError =>
  new SocketError({ code: 'ENOTSUP', syscall, detail, advice })

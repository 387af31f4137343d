/** handshake: waits for the TLS handshake over a connection. */
import type * as Tls from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import { SocketError } from '@uds/winsock-ffi'

/** node:tls, which takes longer to load than the rest of the package. */
export const tls = (): typeof Tls => process.getBuiltinModule('node:tls')

/** Milliseconds that a handshake may take, unless an option says otherwise. */
export const HANDSHAKE_MS = 10_000

const late = (ms: number): SocketError =>
  new SocketError({
    code: 'ETIMEDOUT',
    syscall: 'handshake',
    detail: `the peer did not finish the TLS handshake within ${ms} ms`,
  })

/**
 * Resolves when the handshake is done. A failure destroys both layers.
 *
 * @param ms - Milliseconds; Infinity for no limit.
 * @throws SocketError `ETIMEDOUT`, `ECONNRESET`; the errors of node:tls; the signal's reason.
 */
export const handshake = (
  socket: TLSSocket,
  below: Duplex,
  done: 'secure' | 'secureConnect',
  ms: number,
  signal: AbortSignal | undefined,
): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer)
      socket.off(done, onDone)
      socket.off('error', fail)
      socket.off('end', onClose)
      socket.off('close', onClose)
      signal?.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown): void => {
      settle()
      socket.on('error', () => {})
      socket.destroy()
      below.destroy()
      reject(error)
    }
    const onDone = (): void => {
      settle()
      // As for any connection: an error that nobody listens for ends it, and not the process.
      socket.on('error', () => {})
      resolve(socket)
    }
    const onClose = (): void =>
      fail(
        new SocketError({
          code: 'ECONNRESET',
          syscall: 'handshake',
          detail: 'the peer closed the connection during the TLS handshake',
        }),
      )
    const onAbort = (): void => fail(signal!.reason)
    const timer = ms === Infinity ? undefined : setTimeout(() => fail(late(ms)), ms)
    socket.once(done, onDone)
    socket.once('error', fail)
    // With allowHalfOpen the end of the peer's half closes nothing by itself, and no handshake can go on after it.
    socket.once('end', onClose)
    socket.once('close', onClose)
    signal?.addEventListener('abort', onAbort, { once: true })
  })

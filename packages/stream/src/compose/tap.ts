/** tap: observes the bytes of a connection, which stays the same object. */
import type { Duplex } from 'node:stream'

type Done = (error?: Error | null) => void

interface Hooks {
  push(chunk: unknown, encoding?: BufferEncoding): boolean
  _write(chunk: unknown, encoding: BufferEncoding, done: Done): void
  _writev?: ((chunks: { chunk: unknown; encoding: BufferEncoding }[], done: Done) => void) | null
}

export interface Tap {
  /** Bytes from the peer, before the reader has them. */
  readonly received?: ((bytes: Uint8Array) => void) | undefined
  /** Bytes that are about to go to the peer. */
  readonly sent?: ((bytes: Uint8Array) => void) | undefined
}

const bytesOf = (chunk: unknown, encoding: BufferEncoding): Uint8Array =>
  typeof chunk === 'string' ? Buffer.from(chunk, encoding) : (chunk as Uint8Array)

/**
 * Wraps the hooks that Node's Duplex calls (https://nodejs.org/api/stream.html#implementing-a-duplex-stream).
 * It does not see bytes that bypass them: those of `onread`, and those of TLS over a `net.Socket`, which takes the
 * handle itself.
 */
export const tap = (connection: Duplex, { received, sent }: Tap): void => {
  const hooks = connection as unknown as Hooks
  if (received) {
    // Bytes that arrived with the last step of connecting.
    const early = connection.readableLength > 0 ? (connection.read() as Uint8Array | null) : null
    if (early) {
      received(early)
      connection.unshift(early)
    }
    const push = hooks.push.bind(connection)
    hooks.push = (chunk, encoding) => {
      if (chunk !== null && chunk !== undefined) received(bytesOf(chunk, encoding ?? 'utf8'))
      return push(chunk, encoding)
    }
  }
  if (!sent) return
  const write = hooks._write.bind(connection)
  hooks._write = (chunk, encoding, done) => {
    sent(bytesOf(chunk, encoding))
    write(chunk, encoding, done)
  }
  const writev = hooks._writev?.bind(connection)
  if (!writev) return
  hooks._writev = (chunks, done) => {
    for (const { chunk, encoding } of chunks) sent(bytesOf(chunk, encoding))
    writev(chunks, done)
  }
}

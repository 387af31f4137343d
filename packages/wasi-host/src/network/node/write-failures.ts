/** holdWriteFailures: a failed write does not destroy what can still be read. */
import type { Socket } from 'node:net'

type Done = (error?: Error | null) => void

/**
 * Reports a write that fails, and hides it from Node, which would destroy the socket together with the unread bytes that
 * the peer has sent before it left. Reading goes on; it ends by itself, with the end of the stream or with what
 * broke the connection.
 *
 * @returns Undoes it.
 */
export const holdWriteFailures = (socket: Socket, failed: (error: Error) => void): (() => void) => {
  const heeding =
    (done: Done): Done =>
    (error) =>
      error ? failed(error) : done()
  const { _write: write, _writev: writev } = socket
  socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, heeding(done))
  if (writev) socket._writev = (chunks, done) => writev.call(socket, chunks, heeding(done))
  return () => {
    socket._write = write
    if (writev) socket._writev = writev
  }
}

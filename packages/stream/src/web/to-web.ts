/** toWeb: a connection as web streams. */
import type * as Web from 'node:stream/web'
import { Duplex } from 'node:stream'
import type { ReadableStream, WritableStream } from 'node:stream/web'
import { invalidArgument, SocketError } from '@uds/winsock-ffi'
import { StreamReader } from '../asyncio/reader.ts'
import { StreamWriter } from '../asyncio/writer.ts'

/** The two halves of a connection as web streams. */
export interface WebConnection {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

const CHUNK = 65_536

/** Loaded when it is needed. */
const web = (): typeof Web => process.getBuiltinModule('node:stream/web')

const readableOf = (connection: Duplex): ReadableStream<Uint8Array> => {
  const reader = new StreamReader(connection)
  const { ReadableStream } = web()
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const chunk = await reader.read(CHUNK)
        if (chunk.length > 0) controller.enqueue(chunk)
        else controller.close()
      },
      cancel: () => {
        connection.destroy()
      },
    },
    // No read ahead of the consumer: unread bytes wait in the connection.
    { highWaterMark: 0 },
  )
}

const writableOf = (connection: Duplex): WritableStream<Uint8Array> => {
  const writer = new StreamWriter(connection)
  let ending = false
  const { ByteLengthQueuingStrategy, WritableStream } = web()
  return new WritableStream<Uint8Array>(
    {
      start: (controller) => {
        connection.once('close', () => {
          if (ending) return
          const detail = 'the connection is closed'
          controller.error(
            connection.errored ?? new SocketError({ code: 'ECONNRESET', syscall: 'write', detail }),
          )
        })
      },
      write: async (chunk) => {
        writer.write(chunk)
        await writer.drain()
      },
      close: () => {
        ending = true
        return new Promise((resolve, reject) => {
          connection.end((error?: Error | null) => (error ? reject(error) : resolve()))
        })
      },
      abort: () => {
        ending = true
        connection.destroy()
      },
    },
    // Duplex.toWeb of Node 22 counts chunks here, so that its writer waits for gigabytes.
    new ByteLengthQueuingStrategy({ highWaterMark: connection.writableHighWaterMark }),
  )
}

/**
 * A connection as web streams, with their back-pressure: `readable.pipeThrough(new TextDecoderStream())`. Closing the
 * writable ends the writing half; cancelling the readable, or aborting the writable, destroys the connection. The
 * web streams own the connection.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for anything but a Duplex.
 */
export const toWeb = (connection: Duplex): WebConnection => {
  if (!(connection instanceof Duplex))
    throw invalidArgument('toWeb', 'the connection', 'a Duplex, such as a net.Socket', connection)
  return { readable: readableOf(connection), writable: writableOf(connection) }
}

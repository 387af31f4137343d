/** Carrier: what carries the bytes of a connection: a WebSocket, or a pair of web streams. */
import { asError } from '../errors/remote-error.ts'
import { EventsError } from './errors.ts'

/** One connection, in bytes. */
export interface Carrier {
  /** Writes bytes, which are the carrier's from then on. */
  write(bytes: Uint8Array<ArrayBuffer>): void
  /** Bytes that were written and have not left. */
  readonly waiting: number
  /** Writes what is left, then closes. */
  close(): void
}

/** What a carrier calls. */
export interface CarrierEvents {
  open(): void
  /** Bytes were read. A promise that is returned holds the reader, where the carrier can be held. */
  bytes(bytes: Uint8Array): Promise<void> | undefined
  /** The connection is gone, or was never there. */
  closed(reason: Error | undefined): void
}

/** Opens a connection. */
export type Opener = (events: CarrierEvents) => Carrier

/** Milliseconds that the other end has to take the last words. */
const GOODBYE_MS = 1000

/** A pair of web streams of bytes, as `WebSocketStream`, `WebTransport`, Deno and `Duplex.toWeb` of Node make them. */
export interface StreamPair {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

/** Bytes over a WebSocket, in binary messages; https://websockets.spec.whatwg.org/ */
export const overWebSocket =
  (url: string | URL, protocols: string | readonly string[] | undefined): Opener =>
  (events) => {
    const socket =
      protocols === undefined ? new WebSocket(url) : new WebSocket(url, protocols as string | string[])
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => events.open())
    socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) void events.bytes(new Uint8Array(data))
      else socket.close()
    })
    // An error says nothing of its cause, for the sake of other sites; `close` follows it.
    socket.addEventListener('close', ({ code, reason }) => {
      const why = reason === '' ? `the WebSocket closed with ${code}` : reason
      events.closed(code === 1000 ? undefined : new EventsError('ERR_DISCONNECTED', why))
    })
    return {
      write: (bytes) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(bytes)
      },
      get waiting() {
        return socket.bufferedAmount
      },
      close: () => socket.close(),
    }
  }

/** Bytes over a pair of streams, which a function makes anew for each connection. */
export const overStreams =
  (make: () => StreamPair | Promise<StreamPair>): Opener =>
  (events) => {
    let writer: WritableStreamDefaultWriter<Uint8Array> | undefined
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
    let waiting = 0
    let over = false
    const cancel = (): void => void reader?.cancel().catch(() => {})
    const end = (reason: Error | undefined): void => {
      if (over) return
      over = true
      events.closed(reason)
      // What was written leaves first: a stream whose other half is cancelled may take its own half down.
      const timer = setTimeout(cancel, GOODBYE_MS)
      const closed = (): void => {
        clearTimeout(timer)
        cancel()
      }
      void Promise.resolve(writer?.close()).then(closed, closed)
    }
    const failed = (error: unknown): void =>
      end(new EventsError('ERR_DISCONNECTED', 'the stream failed', asError(error)))
    const run = async (): Promise<void> => {
      const pair = await make()
      writer = pair.writable.getWriter()
      reader = pair.readable.getReader()
      if (over) return void (await Promise.allSettled([reader.cancel(), writer.close()]))
      events.open()
      for (;;) {
        const { value, done } = await reader.read()
        if (done || over) return end(undefined)
        // Not read further while enough waits here: the other end feels it.
        await events.bytes(value)
      }
    }
    run().catch(failed)
    return {
      write: (bytes) => {
        if (over || writer === undefined) return
        waiting += bytes.length
        const left = (): void => void (waiting -= bytes.length)
        writer.write(bytes).then(left, failed)
      },
      get waiting() {
        return waiting
      },
      close: () => end(undefined),
    }
  }

/** SocketConnection: a connected socket as a Duplex over readiness, for families that Node's loop has no class for. */
import { Duplex } from 'node:stream'
import { SocketError, sockets, type SocketHandle } from '@uds/winsock-ffi'
import { toSocketError } from '../errors/connection-error.ts'
import { SocketWatcher } from './socket-watcher.ts'

type Done = (error?: Error | null) => void

const CHUNK = 65_536

/** Reads in one turn of the loop, so that other sockets have their turn. */
const READS_A_TURN = 16

export interface SocketConnectionOptions {
  /** For messages. */
  readonly address: string
  readonly allowHalfOpen: boolean
}

/** Receiving is synchronous: all connections of a thread share this memory. */
let scratch: Buffer | undefined

interface PendingWrite {
  rest: Buffer
  readonly done: Done
}

/** One end of a connection, in the five hooks of Node's Duplex. */
export class SocketConnection extends Duplex {
  readonly #handle: SocketHandle
  readonly #address: string
  readonly #watcher: SocketWatcher
  #pending: PendingWrite | undefined

  /** @param handle - Connected. It is consumed. */
  constructor(handle: SocketHandle, options: SocketConnectionOptions) {
    super({ allowHalfOpen: options.allowHalfOpen, highWaterMark: CHUNK })
    this.#handle = handle
    this.#address = options.address
    handle.setNonblocking(true)
    this.#watcher = new SocketWatcher(
      handle,
      (ready) => {
        if (ready.writable) this.#flush()
        if (ready.readable) this.#receive()
      },
      (error) => this.destroy(error),
    )
  }

  /** Keeps the process alive while it reads or has something to write (the default), as `net.Socket.ref`. */
  ref(): this {
    this.#watcher.ref()
    return this
  }

  unref(): this {
    this.#watcher.unref()
    return this
  }

  override _read(): void {
    this.#watcher.set({ readable: true })
  }

  #receive(): void {
    const memory = (scratch ??= Buffer.allocUnsafeSlow(CHUNK))
    try {
      for (let left = READS_A_TURN; left > 0 && !this.destroyed; left -= 1) {
        const length = sockets.tryRecv(this.#handle, memory)
        if (length === undefined) return
        const wantsMore = this.push(length === 0 ? null : Buffer.from(memory.subarray(0, length)))
        if (!wantsMore) this.#watcher.set({ readable: false })
        if (!wantsMore || length < memory.length) return
      }
    } catch (error) {
      this.destroy(toSocketError(error, 'read', this.#address))
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#pending = { rest: chunk, done }
    this.#flush()
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, done)
  }

  /** Sends what there is room for; the rest waits until there is room again. */
  #flush(): void {
    const pending = this.#pending
    if (!pending) return
    try {
      while (pending.rest.length > 0) {
        const sent = sockets.trySend(this.#handle, pending.rest)
        if (sent === undefined) {
          this.#watcher.set({ writable: true })
          return
        }
        pending.rest = pending.rest.subarray(sent)
      }
      this.#written(null)
    } catch (error) {
      this.#written(toSocketError(error, 'write', this.#address))
    }
  }

  #written(error: Error | null): void {
    const done = this.#pending?.done
    this.#pending = undefined
    this.#watcher.set({ writable: false })
    done?.(error)
  }

  override _final(done: Done): void {
    try {
      sockets.shutdown(this.#handle, 'write')
    } catch {
      // The peer has gone, which the next read finds.
    }
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#watcher.close()
    const pending = this.#pending
    this.#pending = undefined
    this.#handle.close()
    pending?.done(error ?? this.#closedWhileWriting())
    done(error)
  }

  #closedWhileWriting(): SocketError {
    return new SocketError({
      code: 'ECANCELED',
      syscall: 'write',
      address: this.#address,
      detail: 'the connection was closed here before all bytes were sent',
    })
  }
}

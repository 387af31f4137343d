/** A message pipe as a Duplex with a half close: an empty message ends the peer's half. */
import { Duplex } from 'node:stream'
import { ERROR_MORE_DATA, ERROR_OPERATION_ABORTED, isGone, kernel32, pipeError } from '@uds/pipes/win32'
import { lastTransferred, resultOf } from './operation.ts'
import { attach, detach, refPort, unrefPort, startOperation } from './port.ts'

type Done = (error?: Error | null) => void

/** Bytes of one read and of the longest message: the size of the pipe's buffer. */
const CHUNK = 65_536

export interface PipeConnectionOptions {
  readonly address: string
  readonly allowHalfOpen: boolean
  /** The handle is associated with the completion port already. */
  readonly attached: boolean
}

/** One end of a connection, in the five hooks of Node's Duplex. */
export class PipeConnection extends Duplex {
  readonly #address: string
  #handle: number
  #reading = false
  #ended = false
  #referenced = true

  constructor(handle: number, options: PipeConnectionOptions) {
    super({ allowHalfOpen: options.allowHalfOpen, highWaterMark: CHUNK })
    this.#handle = handle
    this.#address = options.address
    if (!options.attached) attach(handle)
    refPort()
  }

  /** The HANDLE; -1 after the connection is closed. */
  get handle(): number {
    return this.#handle
  }

  /** Keeps the process alive (the default), as `net.Socket.ref`. */
  ref(): this {
    if (!this.#referenced && this.#handle >= 0) refPort()
    this.#referenced = true
    return this
  }

  unref(): this {
    if (this.#referenced && this.#handle >= 0) unrefPort()
    this.#referenced = false
    return this
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.push(null)
  }

  override _read(): void {
    if (this.#reading || this.#ended || this.#handle < 0) return
    this.#reading = true
    const memory = Buffer.allocUnsafeSlow(CHUNK)
    const error = startOperation(
      (overlapped) => kernel32.ReadFile.attempt(this.#handle, memory, memory.length, null, overlapped),
      memory,
      (overlapped) => {
        this.#reading = false
        if (this.#handle < 0) return
        const result = resultOf(this.#handle, overlapped)
        if (result > 0) this.push(memory.subarray(0, result))
        else if (-result === ERROR_MORE_DATA) this.push(memory.subarray(0, lastTransferred()))
        // No bytes and no error: the empty message that ends the peer's half.
        else if (result === 0) this.#end()
        else this.#readFailed(-result)
      },
    )
    if (error === 0) return
    this.#reading = false
    this.#readFailed(error)
  }

  #readFailed(error: number): void {
    if (isGone(error)) this.#end()
    else if (error !== ERROR_OPERATION_ABORTED) this.destroy(pipeError(error, 'read', this.#address))
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    // An empty message would end this half.
    if (chunk.length === 0) done()
    else this.#send(chunk, 0, done)
  }

  #send(chunk: Uint8Array, from: number, done: Done): void {
    const part = chunk.subarray(from, from + CHUNK)
    const next = from + part.length
    this.#writeMessage(part, (error) => {
      if (error || next >= chunk.length) done(error)
      else this.#send(chunk, next, done)
    })
  }

  #writeMessage(bytes: Uint8Array, done: Done): void {
    const failed = (error: number): void => done(pipeError(error, 'write', this.#address))
    const error = startOperation(
      (overlapped) => kernel32.WriteFile.attempt(this.#handle, bytes, bytes.length, null, overlapped),
      bytes,
      (overlapped) => {
        if (this.#handle < 0) return done(pipeError(ERROR_OPERATION_ABORTED, 'write', this.#address))
        const result = resultOf(this.#handle, overlapped)
        if (result < 0) failed(-result)
        else done()
      },
    )
    if (error !== 0) failed(error)
  }

  override _final(done: Done): void {
    // A failure means that the peer has closed: it needs no end.
    this.#writeMessage(new Uint8Array(0), () => done())
  }

  override _destroy(error: Error | null, done: Done): void {
    const handle = this.#handle
    this.#handle = -1
    if (handle >= 0) {
      // Pending operations end with the handle; their memory is kept until the port reports them.
      kernel32.CancelIoEx.attempt(handle, null)
      kernel32.CloseHandle.attempt(handle)
      detach()
      if (this.#referenced) unrefPort()
    }
    done(error)
  }
}

/** A message pipe as a Duplex with a half close: a message of no bytes is the end of the peer's half. */
import { Duplex } from 'node:stream'
import { ERROR_MORE_DATA, ERROR_OPERATION_ABORTED, isGone, kernel32, pipeError } from '@uds/pipes/win32'
import { moved, resultOf } from './operation.ts'
import { attach, detach, hold, letGo, perform } from './port.ts'

type Done = (error?: Error | null) => void

/** The size of a pipe's buffer; longer messages than the peer's reads are no trouble, but need not be. */
const CHUNK = 65_536

export interface PipeConnectionOptions {
  readonly address: string
  readonly allowHalfOpen: boolean
  /** The handle belongs to the completion port already. */
  readonly attached: boolean
}

/** One end of a connection. Its hooks are the five of Node's Duplex. */
export class PipeConnection extends Duplex {
  readonly #address: string
  #handle: number
  #reading = false
  #ended = false
  #held = true

  constructor(handle: number, options: PipeConnectionOptions) {
    super({ allowHalfOpen: options.allowHalfOpen, highWaterMark: CHUNK })
    this.#handle = handle
    this.#address = options.address
    if (!options.attached) attach(handle)
    hold()
  }

  /** The HANDLE, as long as the connection is open; -1 then. */
  get handle(): number {
    return this.#handle
  }

  /** Keeps the process alive (the default), as `net.Socket.ref`. */
  ref(): this {
    if (!this.#held && this.#handle >= 0) hold()
    this.#held = true
    return this
  }

  unref(): this {
    if (this.#held && this.#handle >= 0) letGo()
    this.#held = false
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
    const error = perform(
      (overlapped) => kernel32.ReadFile.attempt(this.#handle, memory, memory.length, null, overlapped),
      memory,
      (overlapped) => {
        this.#reading = false
        if (this.#handle < 0) return
        const result = resultOf(this.#handle, overlapped)
        if (result > 0) this.push(memory.subarray(0, result))
        else if (-result === ERROR_MORE_DATA) this.push(memory.subarray(0, moved()))
        // No bytes and no error: the end that the peer has sent.
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
    // A message of no bytes would be the end.
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
    const error = perform(
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
    // A peer that has gone needs no end.
    this.#writeMessage(new Uint8Array(0), () => done())
  }

  override _destroy(error: Error | null, done: Done): void {
    const handle = this.#handle
    this.#handle = -1
    if (handle >= 0) {
      // What is under way ends with the handle, and its memory is kept until the port has told so.
      kernel32.CancelIoEx.attempt(handle, null)
      kernel32.CloseHandle.attempt(handle)
      detach()
      if (this.#held) letGo()
    }
    done(error)
  }
}

/** Standard streams of a guest that blocks its thread. */
import { Failure } from '../../outcome/failure.ts'
import type { StreamEnd } from '../network.ts'

/** Input that is known as a whole. */
export class BytesEnd implements StreamEnd {
  readonly local: undefined
  readonly peer: undefined
  #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  readable(): boolean {
    return true
  }

  writable(): boolean {
    return false
  }

  available(): number {
    return this.#bytes.length
  }

  hungUp(): boolean {
    return false
  }

  read(into: Uint8Array, peek: boolean): number {
    const part = this.#bytes.subarray(0, into.length)
    into.set(part)
    if (!peek) this.#bytes = this.#bytes.subarray(part.length)
    return part.length
  }

  write(): never {
    throw new Failure('EBADF', 'standard input cannot be written')
  }

  shutdown(): void {
    this.#bytes = new Uint8Array(0)
  }

  setOption(): boolean {
    return false
  }

  close(): void {}
}

/** Output that goes to the other thread, which never makes it wait. */
export class PostedEnd implements StreamEnd {
  readonly local: undefined
  readonly peer: undefined
  readonly #post: (bytes: Uint8Array) => void

  constructor(post: (bytes: Uint8Array) => void) {
    this.#post = post
  }

  readable(): boolean {
    return false
  }

  writable(): boolean {
    return true
  }

  available(): number {
    return 0
  }

  hungUp(): boolean {
    return false
  }

  read(): never {
    throw new Failure('EBADF', 'standard output cannot be read')
  }

  write(from: Uint8Array): number {
    this.#post(from.slice())
    return from.length
  }

  shutdown(): void {}

  setOption(): boolean {
    return false
  }

  close(): void {}
}

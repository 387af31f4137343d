import { sockets } from '@uds/winsock-ffi'
import { fromSystem, type Address } from '../../address.ts'
import { Failure, failureOf } from '../../failure.ts'
import { NOT_YET } from '../../outcome.ts'
import type { StreamEnd } from '../network.ts'
import { FfiEnd, quietly } from './end.ts'
import { SLICE_MS } from './slice.ts'

const PEEKING = { peek: true } as const

export class FfiStreamEnd extends FfiEnd implements StreamEnd {
  #peer: Address | undefined
  #writeEnded = false
  #readEnded = false

  get peer(): Address | undefined {
    // Asked for at every sock_recv, and always the same.
    this.#peer ??= quietly(() => fromSystem(sockets.peerAddress(this.handle)))
    return this.#peer
  }

  protected override bothHalvesGone(): boolean {
    return this.#writeEnded
  }

  read(into: Uint8Array, peek: boolean): number | typeof NOT_YET {
    if (this.#readEnded || into.length === 0) return 0
    try {
      return sockets.tryRecv(this.handle, into, peek ? PEEKING : undefined) ?? NOT_YET
    } catch (error) {
      return this.#broken(error)
    }
  }

  readWaiting(into: Uint8Array): number | typeof NOT_YET {
    if (this.#readEnded || into.length === 0) return 0
    try {
      return sockets.recvWithin(this.handle, into, SLICE_MS) ?? NOT_YET
    } catch (error) {
      return this.#broken(error)
    }
  }

  #broken(error: unknown): never {
    const { code } = failureOf(error)
    // POSIX tells of a reset once and then of the end; Winsock would tell of it for ever.
    if (code === 'ECONNRESET' || code === 'ECONNABORTED') this.#readEnded = true
    throw error
  }

  write(from: Uint8Array): number | typeof NOT_YET {
    if (this.#writeEnded) throw new Failure('EPIPE', 'the connection was shut down for writing')
    if (from.length === 0) return 0
    return sockets.trySend(this.handle, from) ?? NOT_YET
  }

  shutdown(how: number): void {
    sockets.shutdown(this.handle, how === 1 ? 'read' : how === 2 ? 'write' : 'both')
    if ((how & 1) !== 0) this.#readEnded = true
    if ((how & 2) !== 0) this.#writeEnded = true
  }
}

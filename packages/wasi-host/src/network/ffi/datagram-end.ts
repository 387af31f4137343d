/** FfiDatagramEnd, FfiUnixDatagramEnd: datagram sockets over system calls. */
import { UnixDatagramSocket } from '@uds/stream/datagram'
import { sockets, type UnixAddress } from '@uds/winsock-ffi'
import { fromSystem, type Address } from '../address.ts'
import { Failure, failureOf } from '../../outcome/failure.ts'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import type { Datagram, DatagramEnd } from '../network.ts'
import { FfiEnd, toSystem } from './end.ts'

export class FfiDatagramEnd extends FfiEnd implements DatagramEnd {
  #peer: Address | undefined

  get peer(): Address | undefined {
    return this.#peer
  }

  bind(address: Address): void {
    sockets.bind(this.handle, toSystem(address))
  }

  connect(address: Address): void {
    sockets.connect(this.handle, toSystem(address))
    this.#peer = address
  }

  disconnect(): void {
    throw new Failure('ENOTSUP', 'a datagram socket over system calls keeps its peer')
  }

  receive(into: Uint8Array, peek: boolean): Datagram | typeof NOT_YET {
    // No room is no call: a datagram of any length is received as none of its bytes.
    const room = into.length > 0 ? into : new Uint8Array(1)
    try {
      const { bytes, from, truncated } = sockets.receiveMessage(this.handle, room, { peek })
      const size = truncated ? Math.max(bytes, into.length) + 1 : bytes
      return { size, from: from && fromSystem(from) }
    } catch (error) {
      if (failureOf(error).code === 'EAGAIN') return NOT_YET
      throw error
    }
  }

  send(bytes: Uint8Array, to: Address | undefined): number | typeof NOT_YET {
    return sockets.trySend(this.handle, bytes, to && { to: toSystem(to) }) ?? NOT_YET
  }

  override hungUp(): boolean {
    return false
  }
}

/**
 * An AF_UNIX datagram socket. The class of @uds/stream is asked for its file alone, which is taken over from a socket
 * that died and removed at the end; it receives nothing as long as its messages have no listener.
 */
export class FfiUnixDatagramEnd extends FfiDatagramEnd {
  readonly #socket: UnixDatagramSocket

  constructor(socket: UnixDatagramSocket = new UnixDatagramSocket()) {
    super(socket.handle)
    this.#socket = socket
  }

  override bind(address: Address): void {
    this.#socket.bind(toSystem(address) as UnixAddress)
  }

  override close(): void {
    this.#socket.close()
  }
}

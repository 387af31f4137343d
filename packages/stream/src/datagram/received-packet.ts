/** A received packet, and the descriptors that no receiver has asked for. */
import type { Descriptor, PeerCredentials, UnixAddress } from '@uds/winsock-ffi'
import type { Packet, PacketInfo } from './packet.ts'

/** The parts of a packet, as they were received. */
export interface PacketParts {
  readonly from: UnixAddress | undefined
  readonly credentials: PeerCredentials | undefined
  readonly truncated: boolean
  readonly descriptors: readonly Descriptor[]
  readonly descriptorsTruncated: boolean
}

/** The metadata of a packet. A program that does not know of descriptors leaves them unclaimed, and leaks none. */
export class ReceivedPacketInfo implements PacketInfo {
  readonly from: UnixAddress | undefined
  readonly credentials: PeerCredentials | undefined
  readonly truncated: boolean
  readonly #parts: PacketParts
  #claimed = false

  constructor(parts: PacketParts) {
    this.from = parts.from
    this.credentials = parts.credentials
    this.truncated = parts.truncated
    this.#parts = parts
  }

  get descriptors(): readonly Descriptor[] {
    this.#claimed = true
    return this.#parts.descriptors
  }

  get descriptorsTruncated(): boolean {
    return this.#parts.descriptorsTruncated
  }

  /** The number of descriptors, without claiming them. */
  get descriptorCount(): number {
    return this.#parts.descriptors.length
  }

  /** Closes the descriptors unless a receiver has read `descriptors`. */
  closeUnclaimed(): void {
    if (!this.#claimed) for (const each of this.#parts.descriptors) each.close()
  }
}

/** A packet for an iterator. */
export class ReceivedPacket extends ReceivedPacketInfo implements Packet {
  readonly data: Buffer

  constructor(data: Buffer, parts: PacketParts) {
    super(parts)
    this.data = data
  }
}

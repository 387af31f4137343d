/** A received part of a stream, and the descriptors that no receiver has asked for. */
import type { Descriptor, PeerCredentials } from '@uds/winsock-ffi'

/**
 * Bytes of an {@link AncillarySocket}, with the descriptors that came among them. The kernel joins bytes without descriptors
 * to the message with descriptors behind them, and never reads past that message: the descriptors belong to the last message
 * of the chunk.
 */
export class AncillaryChunk {
  readonly data: Buffer
  /** Descriptors were lost: more came than `maxDescriptors`, or this process may open no more (EMFILE). */
  readonly truncated: boolean
  /** The sender of the bytes, with the option `credentials`. */
  readonly credentials: PeerCredentials | undefined
  readonly #descriptors: readonly Descriptor[]
  #claimed = false

  /** @internal */
  constructor(
    data: Buffer,
    descriptors: readonly Descriptor[],
    truncated: boolean,
    credentials: PeerCredentials | undefined,
  ) {
    this.data = data
    this.truncated = truncated
    this.credentials = credentials
    this.#descriptors = descriptors
  }

  /**
   * The descriptors, which are the receiver's to close. A receiver that has not read this property when it receives the next
   * chunk, or when the socket is closed, does not want them: they are closed then.
   */
  get descriptors(): readonly Descriptor[] {
    this.#claimed = true
    return this.#descriptors
  }

  /** @internal */
  get descriptorCount(): number {
    return this.#descriptors.length
  }

  /** @internal */
  closeUnclaimed(): void {
    if (!this.#claimed) for (const each of this.#descriptors) each.close()
  }
}

/** Endpoints as the streams of bytes of a component. */
import type { Iovec } from '../../memory/guest-memory.ts'
import { failureOf, wouldBlock, type Failure } from '../../outcome/failure.ts'
import { NOT_YET } from '../../outcome/sync-promise.ts'
import { isEnd } from '../error-code.ts'
import { ENDED, type ByteSink, type ByteSource, type Moved } from '../async/stream.ts'
import type { Endpoint } from './endpoint.ts'

/** How a stream ended: well, or with a failure. */
export type OnEnd = (failure: Failure | undefined) => void

/** Moves bytes of an endpoint until that has ended, which it reports once. */
class EndpointStream {
  protected readonly endpoint: Endpoint
  readonly #onEnd: OnEnd
  protected over = false

  constructor(endpoint: Endpoint, onEnd: OnEnd) {
    this.endpoint = endpoint
    this.#onEnd = onEnd
  }

  protected finish(failure: Failure | undefined): void {
    if (this.over) return
    this.over = true
    this.endpoint.close()
    this.#onEnd(failure)
  }

  protected move(bytes: Iovec, wake: () => void): Moved {
    for (;;) {
      if (this.over) return ENDED
      if (!this.endpoint.isReady(wake)) return NOT_YET
      if (bytes.size === 0) return 0
      try {
        const count = this.endpoint.move(bytes)
        if (count !== NOT_YET) return count
      } catch (error) {
        if (isEnd(error)) throw error
        if (error !== wouldBlock) this.finish(failureOf(error))
      }
    }
  }
}

/** Bytes from an endpoint to the component. */
export class EndpointSource extends EndpointStream implements ByteSource {
  readonly #onDrop: () => void

  /** @param onDrop - Called when the component drops its end before the last byte. */
  constructor(endpoint: Endpoint, onEnd: OnEnd, onDrop: () => void = () => {}) {
    super(endpoint, onEnd)
    this.#onDrop = onDrop
  }

  read(into: Iovec, wake: () => void): Moved {
    const count = this.move(into, wake)
    if (count !== 0 || into.size === 0) return count
    this.finish(undefined)
    return ENDED
  }

  drop(): void {
    if (this.over) return
    this.#onDrop()
    this.finish(undefined)
  }
}

/** Bytes from the component to an endpoint. */
export class EndpointSink extends EndpointStream implements ByteSink {
  write(from: Iovec, wake: () => void): Moved {
    return this.move(from, wake)
  }

  end(): void {
    this.finish(undefined)
  }
}

/** A stream of no bytes, and one that takes none. */
export const noBytes: ByteSource = { read: () => ENDED, drop: () => {} }
export const takesNothing: ByteSink = { write: () => ENDED, end: () => {} }

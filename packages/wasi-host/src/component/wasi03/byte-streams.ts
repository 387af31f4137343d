/** Sockets and standard streams as the streams of bytes of a component, with the future that says how they ended. */
import { pollAll } from '../../abi/standard-streams.ts'
import type { Guest } from '../../abi/abi.ts'
import type { Iovec } from '../../memory/guest-memory.ts'
import { failureOf, wouldBlock, type Failure } from '../../outcome/failure.ts'
import { NOT_YET, SyncPromise, type Outcome } from '../../outcome/sync-promise.ts'
import { DONTWAIT } from '../../sockets/socket-calls.ts'
import type { StandardStream } from '../../wasi/stdio/standard-stream.ts'
import { isEnd } from '../error-code.ts'
import type { AsyncHost } from '../async/host.ts'
import { ENDED, type ByteSink, type ByteSource, type Moved } from '../async/stream.ts'

/** What can be read from or written to without waiting. */
export interface Endpoint {
  /** Bytes that were moved; of a read 0 is the end. {@link NOT_YET} when it would have to wait. */
  move(bytes: Iovec): number | typeof NOT_YET
  /** Waits until that has changed; nothing when it may be tried now. */
  ready(): Outcome<void>
}

/** Bytes that arrive at a socket. */
export const socketInput = ({ sockets }: Guest, id: number): Endpoint => ({
  move: (into) => sockets.receive(id, into, DONTWAIT) as number,
  ready: () => sockets.ready(id, true, false),
})

export const socketOutput = ({ sockets }: Guest, id: number): Endpoint => ({
  move: (from) => sockets.send(id, from, DONTWAIT) as number,
  ready: () => sockets.ready(id, false, true),
})

const standardReady = (guest: Guest, stream: StandardStream, read: boolean): Outcome<void> => {
  const { readable, writable } = stream.state()
  if (read ? readable : writable) return undefined
  return (pollAll(guest, [], [{ stream, read, write: !read }], -1) as SyncPromise<unknown>).follow(() => {})
}

export const standardInput = (guest: Guest, stream: StandardStream): Endpoint => ({
  move: (into) => stream.read(into.parts()),
  ready: () => standardReady(guest, stream, true),
})

export const standardOutput = (guest: Guest, stream: StandardStream): Endpoint => ({
  move: (from) => stream.write(from.parts()),
  ready: () => standardReady(guest, stream, false),
})

/** Calls what waits for an endpoint, once at a time, whatever became of the call that waited. */
class Readiness {
  readonly #host: AsyncHost
  readonly #endpoint: Endpoint
  #waiting = false
  #wake: () => void = () => {}

  constructor(host: AsyncHost, endpoint: Endpoint) {
    this.#host = host
    this.#endpoint = endpoint
  }

  /** True when it can be tried now; otherwise `wake` is called then. */
  isNow(wake: () => void): boolean {
    this.#wake = wake
    if (this.#waiting) return false
    const ready = this.#endpoint.ready()
    if (!(ready instanceof SyncPromise)) return true
    this.#waiting = true
    ready.settle(
      () => {
        this.#waiting = false
        try {
          this.#wake()
        } catch (error) {
          this.#host.tasks.fail(error)
        }
      },
      (error) => this.#host.tasks.fail(error),
    )
    return false
  }
}

/** How a stream ended: well, or with a failure. */
export type OnEnd = (failure: Failure | undefined) => void

/** Moves bytes, or says how it ended. */
const moved = (endpoint: Endpoint, bytes: Iovec, end: OnEnd): number | typeof NOT_YET | typeof ENDED => {
  try {
    return endpoint.move(bytes)
  } catch (error) {
    if (error === wouldBlock) return NOT_YET
    if (isEnd(error)) throw error
    end(failureOf(error))
    return ENDED
  }
}

/** Bytes from an endpoint to the component. */
export class EndpointSource implements ByteSource {
  readonly #endpoint: Endpoint
  readonly #ready: Readiness
  readonly #end: OnEnd
  readonly #onDrop: () => void
  #over = false

  /** @param onDrop - Called when the component drops its end before the last byte. */
  constructor(host: AsyncHost, endpoint: Endpoint, end: OnEnd, onDrop: () => void) {
    this.#endpoint = endpoint
    this.#ready = new Readiness(host, endpoint)
    this.#end = end
    this.#onDrop = onDrop
  }

  read(into: Iovec, wake: () => void): Moved {
    for (;;) {
      if (this.#over) return ENDED
      if (!this.#ready.isNow(wake)) return NOT_YET
      if (into.size === 0) return 0
      const got = moved(this.#endpoint, into, (failure) => this.#finish(failure))
      if (got === 0) this.#finish(undefined)
      else if (got !== NOT_YET) return got
    }
  }

  #finish(failure: Failure | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#end(failure)
  }

  drop(): void {
    if (this.#over) return
    this.#onDrop()
    this.#finish(undefined)
  }
}

/** Bytes from the component to an endpoint. */
export class EndpointSink implements ByteSink {
  readonly #endpoint: Endpoint
  readonly #ready: Readiness
  readonly #end: OnEnd
  #over = false

  constructor(host: AsyncHost, endpoint: Endpoint, end: OnEnd) {
    this.#endpoint = endpoint
    this.#ready = new Readiness(host, endpoint)
    this.#end = end
  }

  write(from: Iovec, wake: () => void): Moved {
    for (;;) {
      if (this.#over) return ENDED
      if (!this.#ready.isNow(wake)) return NOT_YET
      if (from.size === 0) return 0
      const put = moved(this.#endpoint, from, (failure) => this.#finish(failure))
      if (put !== NOT_YET) return put
    }
  }

  #finish(failure: Failure | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#end(failure)
  }

  end(): void {
    this.#finish(undefined)
  }
}

/** A stream of no bytes, and one that takes none. */
export const noBytes: ByteSource = { read: () => ENDED, drop: () => {} }
export const takesNothing: ByteSink = { write: () => ENDED, end: () => {} }

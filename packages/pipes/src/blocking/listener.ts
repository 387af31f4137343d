/** What every listener does, whatever it listens on. */
import { callTimeout, parseTimeout, type WaitOptions } from '../options/arguments.ts'
import type { SocketAddr } from './socket-addr.ts'
import type { SocketError } from '@uds/winsock-ffi'
import { ENDED_READ, READ } from '../threads/cells.ts'
import { Shareable } from '../threads/shareable.ts'
import type { SharedState } from '../threads/state.ts'
import type { BlockingStream } from './stream.ts'

/**
 * A listener whose `accept` waits in the calling thread. Clones, in this thread and others, may all accept: each
 * connection goes to one of them.
 */
export abstract class BlockingListener<Stream extends BlockingStream> extends Shareable {
  protected abstract take(state: SharedState, timeoutMs: number | undefined): Stream

  /** Another object for the same listener. It goes on listening until the last of them is closed. */
  abstract tryClone(): BlockingListener<Stream>
  /** The address it listens on. */
  abstract localAddr(): SocketAddr
  /** The error that waits on the listener; null for none. */
  abstract takeError(): SocketError | null

  /**
   * Waits for the next client.
   *
   * @returns The connection; its address is `stream.peerAddr()`.
   * @throws SocketError `EAGAIN` when non-blocking and no client waits, `ETIMEDOUT`, `ECANCELED` after
   *   {@link BlockingListener.shutdown}, `EMFILE` (the client goes on waiting, and the next `accept` may get it).
   */
  accept(options?: WaitOptions): Stream {
    return this.take(this.opened('accept'), callTimeout(options, 'accept'))
  }

  /**
   * The connections, without end. After an error, which `next` throws, it can be gone on with; in a `for` loop an error
   * leaves the loop, and another loop over `incoming()` goes on.
   */
  incoming(): IterableIterator<Stream> {
    return {
      next: () => ({ done: false, value: this.accept() }),
      [Symbol.iterator]() {
        return this
      },
    }
  }

  /** The timeout of `accept` in milliseconds; null, as at first: it waits for ever. */
  acceptTimeout(): number | null {
    const ms = this.opened('acceptTimeout').timeout(READ)
    return ms < 0 ? null : ms
  }

  /**
   * Sets how long `accept` waits, for all clones; a call that is running goes on under it.
   *
   * @param ms - Milliseconds, rounded up; 0 looks once; null waits for ever.
   */
  setAcceptTimeout(ms: number | null): void {
    this.opened('setAcceptTimeout').setTimeout(READ, parseTimeout(ms, 'setAcceptTimeout', 'the timeout'))
  }

  /**
   * Ends the listener for all clones: calls of `accept` that wait, in every thread, fail with `ECANCELED`, and so do
   * later ones. The handles are closed by `close`, as ever.
   */
  shutdown(): void {
    const state = this.opened('shutdown')
    state.add(ENDED_READ)
    state.changed(READ)
  }
}

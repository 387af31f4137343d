/** The types of watch: interest, readiness, strategies, sources. */
import type { SocketError } from '../errors/socket-error.ts'

/** What to wait for. */
export interface Interest {
  /** There are bytes, a connection to accept, or the end of the stream. */
  readonly readable?: boolean | undefined
  /** There is room for bytes, or the connect that was begun has ended. */
  readonly writable?: boolean | undefined
}

/** What a socket is ready for. */
export interface Readiness {
  readonly readable: boolean
  readonly writable: boolean
}

/**
 * How readiness comes to Node's loop.
 * - `poll-handle`: libuv's own poll handle, through koffi. No thread, no delay.
 * - `worker`: a worker thread that waits in the system: poll(2), on Windows WSAWaitForMultipleEvents.
 * - `interval`: a timer that looks every 10 ms. Works wherever a system call can be made.
 */
export type WatchStrategy = 'poll-handle' | 'worker' | 'interval'

/**
 * Called in a turn of the loop of its own, and again as long as the socket is ready: level-triggered. An error ends
 * the watch.
 */
export type WatchCallback = (error: SocketError | null, ready: Readiness) => void

/** A watch that goes on. */
export interface Watcher {
  readonly strategy: WatchStrategy
  /**
   * Waits for something else from now on, or, where the interest names neither, for nothing, until the next call. Cheaper than
   * another watch.
   */
  setInterest(interest: Interest): void
  /** Keeps the process alive (the default). */
  ref(): void
  /** Lets the process end although the watch goes on. */
  unref(): void
  /** Ends the watch; the socket stays open. Closing twice is no error. */
  close(): void
  [Symbol.dispose](): void
}

/** What one strategy has to do: report readiness once per {@link Source.arm}. */
export interface Source {
  /** Begins to wait, for one report. */
  arm(): void
  /** Waits for something else, or for nothing. A strategy without it is made anew. */
  readonly change?: (interest: number) => void
  ref(): void
  unref(): void
  close(): void
}

/** Reports readiness bits, or an error. */
export type Report = (error: SocketError | null, bits: number) => void

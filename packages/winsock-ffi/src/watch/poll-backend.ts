/** Waiting in a worker thread: what each system has to supply for it (posix.ts, win32.ts). */

/** The half in the thread that watches. */
export interface PollWait {
  /** What the worker needs: numbers that mean the same in every thread of the process. */
  readonly shared: readonly number[]
  /** Before the worker waits: asks the system to report readiness. */
  arm(): void
  /** After the worker has reported: what the socket is ready for, in the bits of systemCalls.ts. */
  collect(): number
  /** Makes the worker's wait end. */
  wake(): void
  /** Leaves the socket as it was. The worker may still be waiting. */
  detach(): void
  /** Frees what the worker waited on; it has ended. */
  dispose(): void
}

export interface PollBackend {
  create(fd: number, interest: number): PollWait
  /** In the worker: waits up to `sliceMs`. */
  block(shared: readonly number[], sliceMs: number): 'ready' | 'woken' | 'nothing'
}

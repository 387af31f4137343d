/** Waits for clients on instances of a pipe: event-waiter.ts and port-waiter.ts. */
export interface InstanceWaiter {
  /** Resolves when its thread runs: before that nobody would be accepted. */
  readonly ready: Promise<void>
  /** Makes ready for an instance that was created: called once for each. */
  attach(handle: number): void
  /** Waits for a client on the instance in this slot; calls back once, with 0 or the error number. */
  wait(slot: number, handle: number, done: (error: number) => void): void
  ref(): void
  unref(): void
  /** After all instances are closed. Resolves when nothing is left. */
  close(): Promise<void>
}

/** The interface of event-waiter.ts and port-waiter.ts: waiting for clients on the instances of a pipe. */
export interface InstanceWaiter {
  /** Resolves when its thread runs: no client is accepted before. */
  readonly ready: Promise<void>
  /** Prepares a created instance; called once for each. */
  attach(handle: number): void
  /** Waits for a client on the instance in this slot; calls back once, with 0 or the system's error number. */
  wait(slot: number, handle: number, done: (error: number) => void): void
  ref(): void
  unref(): void
  /** Called after all instances are closed. Resolves when every thread and event is released. */
  close(): Promise<void>
}

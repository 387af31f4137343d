const clock = new Int32Array(new SharedArrayBuffer(4))

/** Waits in this thread. */
export const sleep = (ms: number): void => {
  Atomics.wait(clock, 0, 0, ms)
}

/** An AbortSignal for SIGINT and SIGTERM: a command that goes on until it is stopped ends in order, not in mid-air. */
export interface Stop {
  readonly signal: AbortSignal
  /** From here on, the signals do what they always do. */
  dispose(): void
}

/** A second signal ends the process at once, as ever. */
export const interrupted = (): Stop => {
  const controller = new AbortController()
  const stop = (): void => controller.abort(new Error('interrupted'))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    },
  }
}

/** Resolves when the signal fires. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Serves until it is stopped, then lets connections end for a second. */
export const untilStopped = async (
  stop: Stop,
  listener: { close(options: { graceMs: number }): Promise<void> },
): Promise<void> => {
  await untilAborted(stop.signal)
  stop.dispose()
  await listener.close({ graceMs: 1000 })
}

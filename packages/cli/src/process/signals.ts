/** An AbortSignal for SIGINT and SIGTERM, so that a server closes its listener before it exits. */
export interface StopSignal {
  readonly signal: AbortSignal
  /** Restores the default action of the signals. */
  dispose(): void
}

/** Listens for the signals; a second one has its default action, and ends the process at once. */
export const stopOnSignals = (): StopSignal => {
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

/** Resolves after a signal, when the listener has closed; connections have 1,000 ms to end. */
export const serveUntilStopped = async (
  stop: StopSignal,
  listener: { close(options: { graceMs: number }): Promise<void> },
): Promise<void> => {
  await untilAborted(stop.signal)
  stop.dispose()
  await listener.close({ graceMs: 1000 })
}

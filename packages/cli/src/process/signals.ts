/** Stopping a command in order: by a signal, or because its output is closed. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** After its output was closed, a command that does not end by itself is ended. */
const OUTPUT_CLOSED_MS = 10_000

/** The running commands that end in order. */
const running = new Set<() => void>()

/** An AbortSignal for SIGINT, SIGTERM and SIGHUP, so that a server removes its socket file before it exits. */
export interface StopSignal {
  readonly signal: AbortSignal
  /** Restores the default action of the signals. */
  dispose(): void
}

/**
 * Listens for the signals; a second one has its default action, and ends the process at once. On Windows a closed console
 * window is SIGHUP, and the system ends the process some seconds later.
 */
export const stopOnSignals = (): StopSignal => {
  const controller = new AbortController()
  const restore = (): void => {
    for (const each of SIGNALS) process.off(each, stop)
  }
  const stop = (): void => {
    restore()
    controller.abort(new Error('interrupted'))
  }
  running.add(stop)
  for (const each of SIGNALS) process.on(each, stop)
  return {
    signal: controller.signal,
    dispose: () => {
      running.delete(stop)
      restore()
    },
  }
}

/** Calls `action` with a StopSignal, and restores the default action of the signals when it has ended. */
export const withStopSignal = async <T>(action: (stop: StopSignal) => Promise<T>): Promise<T> => {
  const stop = stopOnSignals()
  try {
    return await action(stop)
  } finally {
    stop.dispose()
  }
}

/** `uds doctor | head -1`: the reader has enough, which is no failure. The command tidies up, where there is anything. */
export const onOutputClosed = (): void => {
  if (running.size === 0) process.exit()
  for (const stop of running) stop()
  setTimeout(() => process.exit(), OUTPUT_CLOSED_MS).unref()
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
  await listener.close({ graceMs: 1000 })
}

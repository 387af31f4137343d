/** What is left to do when the thread ends by process.exit(), by an error that nobody caught, or because it is done. */

const actions = new Map<string, () => void>()

const runAll = (): void => {
  for (const action of actions.values()) {
    try {
      action()
    } catch {
      // The thread ends: no caller is left.
    }
  }
}

/**
 * Runs an action when this thread ends, unless a signal kills it or `terminate()` ends it.
 *
 * @param key - Another action with the same key replaces this one.
 * @returns Takes the action back.
 */
export const atExit = (key: string, action: () => void): (() => void) => {
  if (actions.size === 0) process.on('exit', runAll)
  actions.set(key, action)
  return () => {
    if (actions.delete(key) && actions.size === 0) process.off('exit', runAll)
  }
}

/** Whether the file of a listener still leads to it, and a watch that reports when it does not. */

/** `linked`: it leads to the listener. `removed`: nothing has its name. `replaced`: another file has it. */
export type FileState = 'linked' | 'removed' | 'replaced'

/** Milliseconds between two looks. */
const INTERVAL_MS = 1000

export interface FileWatch {
  /** The file was made again: the next change is reported, too. */
  reset(): void
  close(): void
}

/** Looks once a second, and calls back each time that the state has changed from `linked`. */
export const watchFile = (
  state: () => FileState,
  onUnlinked: (cause: 'removed' | 'replaced') => void,
): FileWatch => {
  let before: FileState = 'linked'
  const look = (): void => {
    const now = state()
    if (before === 'linked' && now !== 'linked') onUnlinked(now)
    before = now
  }
  const timer = setInterval(look, INTERVAL_MS).unref()
  return {
    reset: () => {
      before = 'linked'
    },
    close: () => clearInterval(timer),
  }
}

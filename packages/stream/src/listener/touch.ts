/**
 * Touching socket files, so that cleaners of /tmp spare them. systemd-tmpfiles spares a socket whose path stands in
 * /proc/net/unix; that is the text that bind(2) received, which is another name, or a relative one, for many sockets
 * here. It also spares what was touched lately, as other cleaners do.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/tmpfiles.d.html "age"
 * @see https://github.com/systemd/systemd/issues/20635
 */
import { lutimesSync } from 'node:fs'

/** Milliseconds: less than the age that cleaners wait for. */
const INTERVAL_MS = 600_000

/** Paths by key, each with the check whether its file is still the one that was bound. */
const files = new Map<string, { readonly path: string; readonly isOwn: () => boolean }>()
let timer: NodeJS.Timeout | undefined

const touchAll = (): void => {
  const now = new Date()
  for (const { path, isOwn } of files.values()) {
    try {
      if (isOwn()) lutimesSync(path, now, now)
    } catch {
      // A process that is not the owner of the file any more may not.
    }
  }
}

/**
 * Sets the times of a file to now, every ten minutes.
 *
 * @param key - Another file with the same key replaces this one.
 * @returns Ends the touching.
 */
export const keepTouched = (key: string, path: string, isOwn: () => boolean): (() => void) => {
  files.set(key, { path, isOwn })
  timer ??= setInterval(touchAll, INTERVAL_MS).unref()
  return () => {
    files.delete(key)
    if (files.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

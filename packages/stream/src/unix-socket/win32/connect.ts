/** Connecting to AF_UNIX by Winsock, also while a successor replaces the file. */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFileLocked, type UnixTarget } from '@uds/winsock-ffi/internal'
import type { ConnectOptions } from '../../transport.ts'
import { connectSocket } from '../../native-socket/connect-socket.ts'
import { encodeTarget } from './encode-path.ts'

/** No server listens at the moment. Wine says EINVAL for a missing file. */
const MISSING = new Set(['ENOENT', 'EINVAL', 'ECONNREFUSED'])
const REPLACING_PAUSE_MS = 5
/** Longer than replacing takes; a process that was stopped in the middle of it must not delay others. */
const LONGEST_REPLACING_MS = 2000

/**
 * Windows has no rename of a socket file onto another, so a successor removes the file and binds its own, under a
 * lock. A client that finds no file looks at the lock, and tries again while it is held, and once after.
 */
export const connectUnix = async (to: UnixTarget, options: ConnectOptions): Promise<Socket> => {
  const address = encodeTarget(to)
  const end = performance.now() + Math.min(options.timeoutMs ?? Infinity, LONGEST_REPLACING_MS)
  for (let wasLocked = true; ;) {
    try {
      return await connectSocket(address, options)
    } catch (error) {
      if (
        'abstract' in to ||
        !MISSING.has((error as NodeJS.ErrnoException).code ?? '') ||
        performance.now() > end
      )
        throw error
      const locked = isFileLocked(to.path)
      if (!locked && !wasLocked) throw error
      wasLocked = locked
      if (locked) await sleep(REPLACING_PAUSE_MS)
    }
  }
}

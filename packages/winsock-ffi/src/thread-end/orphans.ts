/**
 * Sockets that a thread of a Worker left open when `terminate()` ended it: nothing runs there then, and a descriptor
 * belongs to the process. Linux keeps the thread with the open file (fcntl(2) F_SETOWN_EX), and forgets it when it ends;
 * F_SETSIG marks the sockets of this package. No signal is ever sent for them, as O_ASYNC is not set.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { UnixAddress } from '../address/unix-address.ts'
import { bindTable, type Bound } from '../binding/bind-table.ts'
import { hasBackend } from '../binding/load-backend.ts'
import { libcLibrary } from '../libraries/posix/libc.ts'
import { sockets } from '../sockets/index.ts'
import { system } from '../system.ts'

const rows = {
  /** `int fcntl(int fd, int op, ...)`, for operations that take a struct - man 2 fcntl */
  fcntl: { args: ['int', 'int'], variadic: ['void *'], result: 'int', fails: 'negative' },
  /** `int close(int fd)` - man 2 close */
  close: { args: ['int'], result: 'int', fails: 'negative' },
} as const

const libc: Bound<typeof rows> = bindTable(libcLibrary, rows)

const flagRows = {
  /** The same for operations that take a number. */
  fcntl: { args: ['int', 'int'], variadic: ['int'], result: 'int', fails: 'negative' },
} as const

const flags: Bound<typeof flagRows> = bindTable(libcLibrary, flagRows)

/** Only Linux keeps the thread. Descriptors of the main thread go with the process. */
const isNeeded = (): boolean =>
  system === 'linux' && !process.getBuiltinModule('node:worker_threads').isMainThread

// Linux include/uapi/asm-generic/fcntl.h
const F_SETSIG = 10
const F_GETSIG = 11
const F_SETOWN_EX = 15
const F_GETOWN_EX = 16
const F_OWNER_TID = 0
/** A real-time signal that has no other meaning here. */
const MARK = 41

/** The number that the kernel has for this thread; undefined without /proc. */
const threadNumber = (): number | undefined => {
  try {
    // PID/task/TID
    return Number(readlinkSync('/proc/thread-self').split('/')[2])
  } catch {
    return undefined
  }
}

/** Remembers that a socket belongs to this thread. */
export const markThread = (fd: number): void => {
  if (!isNeeded()) return
  const number = threadNumber()
  if (number === undefined) return
  // struct f_owner_ex { int type; pid_t pid; }
  libc.fcntl.attempt(fd, F_SETOWN_EX, Int32Array.of(F_OWNER_TID, number))
  flags.fcntl.attempt(fd, F_SETSIG, MARK)
}

/** The socket goes to another thread. */
export const unmarkThread = (fd: number): void => {
  if (isNeeded()) flags.fcntl.attempt(fd, F_SETSIG, 0)
}

const isOrphan = (fd: number): boolean => {
  if (flags.fcntl.attempt(fd, F_GETSIG, 0) !== MARK) return false
  const owner = new Int32Array(2)
  return libc.fcntl.attempt(fd, F_GETOWN_EX, owner) >= 0 && owner[0] === F_OWNER_TID && owner[1] === 0
}

/** The path that a socket is bound to. */
const pathOf = (fd: number): string | undefined => {
  const socket = sockets.fromFd(fd, 'unix')
  try {
    const address = sockets.localAddress(socket)
    return address instanceof UnixAddress ? address.pathname : undefined
  } catch {
    return undefined
  } finally {
    socket.release()
  }
}

const openDescriptors = (): number[] => {
  try {
    return readdirSync('/proc/self/fd').map(Number)
  } catch {
    return []
  }
}

/**
 * Closes the sockets at a path that belong to no thread any more.
 *
 * @returns True when there were some.
 */
export const closeOrphans = (path: string): boolean => {
  if (system !== 'linux' || !hasBackend()) return false
  const wanted = resolve(path)
  const orphans = openDescriptors().filter((fd) => {
    const found = isOrphan(fd) ? pathOf(fd) : undefined
    return found !== undefined && resolve(found) === wanted
  })
  for (const fd of orphans) libc.close.attempt(fd)
  return orphans.length > 0
}

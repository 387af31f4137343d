/**
 * Sockets that a thread of a Worker left open when `terminate()` ended it: nothing runs there then, and a descriptor
 * belongs to the process. Linux keeps the thread with the open file (fcntl(2) F_SETOWN_EX), and forgets it when it ends;
 * F_SETSIG marks the sockets of this package. No signal is ever sent for them, as O_ASYNC is not set.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { libc, sockets, UnixAddress } from '@uds/winsock-ffi'
import { libc as more } from '../../libraries/posix.ts'
import { inWorker } from '../../threads/in-worker.ts'
import { traced } from '../../trace.ts'

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

export const markThread = (fd: number): void => {
  if (!inWorker()) return
  const number = threadNumber()
  if (number === undefined) return
  // struct f_owner_ex { int type; pid_t pid; }
  traced('fcntl', fd, () => more.fcntl.attempt(fd, F_SETOWN_EX, Int32Array.of(F_OWNER_TID, number)))
  traced('fcntl', fd, () => libc.fcntl.attempt(fd, F_SETSIG, MARK))
}

export const unmarkThread = (fd: number): void => {
  if (inWorker()) traced('fcntl', fd, () => libc.fcntl.attempt(fd, F_SETSIG, 0))
}

const isOrphan = (fd: number): boolean => {
  if (libc.fcntl.attempt(fd, F_GETSIG, 0) !== MARK) return false
  const owner = new Int32Array(2)
  return more.fcntl.attempt(fd, F_GETOWN_EX, owner) >= 0 && owner[0] === F_OWNER_TID && owner[1] === 0
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

export const closeOrphans = (path: string): boolean => {
  const wanted = resolve(path)
  const orphans = openDescriptors().filter((fd) => {
    const found = isOrphan(fd) ? pathOf(fd) : undefined
    return found !== undefined && resolve(found) === wanted
  })
  for (const fd of orphans) traced('close', fd, () => libc.close.attempt(fd))
  return orphans.length > 0
}

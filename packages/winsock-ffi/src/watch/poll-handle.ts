/** The strategy poll-handle: libuv's own, through koffi or node:ffi. */
import { SocketError } from '../errors/socket-error.ts'
import { runtime } from '../runtime/runtime.ts'
import type { OnPoll, PollHandle } from '../binding/backend.ts'
import { loadBackend } from '../binding/load-backend.ts'
import { systemCalls } from '../system-calls/select.ts'
import { READABLE, WRITABLE } from '../system-calls/system-calls.ts'
import type { Report, Source } from './watcher.ts'

/** Whether the backend has it. */
export const pollHandleAvailable = (): boolean => loadBackend().poll !== undefined

/** Why there is none. */
export const noPollHandle = (): string => {
  if (runtime.name === 'bun') return 'Bun has no poll handle'
  const { name } = loadBackend()
  return name === 'koffi'
    ? 'this version of koffi has no poll handle'
    : `the backend ${name} has no poll handle`
}

const toOptions = (interest: number): { readonly readable: boolean; readonly writable: boolean } => ({
  readable: (interest & READABLE) !== 0,
  writable: (interest & WRITABLE) !== 0,
})

/** Numbers that have a poll handle of this module: libuv takes one for each (uv_poll_init, UV_EEXIST). */
const watched = new Set<number>()

/** The number to watch, and what frees it. */
interface PolledFd {
  readonly fd: number
  release(): void
}

/**
 * koffi 3.3 ends the process when uv_poll_init fails. It fails for a number that the loop watches already, as that of a
 * net.Socket: a foreign socket is watched by a number of its own.
 *
 * @throws SocketError `EEXIST` for a number that has a poll handle, `EMFILE`.
 */
const reserve = (fd: number, foreign: boolean): PolledFd => {
  if (foreign && systemCalls.duplicate) {
    const copy = systemCalls.duplicate(fd)
    return { fd: copy, release: () => void systemCalls.close(copy) }
  }
  if (watched.has(fd))
    throw new SocketError({ code: 'EEXIST', syscall: 'watch', detail: 'a poll handle watches this socket' })
  watched.add(fd)
  return { fd, release: () => watched.delete(fd) }
}

/**
 * uv_poll_init_socket on Windows (an AFD poll, which knows AF_UNIX since libuv 1.44), uv_poll_init elsewhere.
 *
 * An exception in koffi's callback stays pending until a later one, and on Node 26 microtasks queued in it are not run
 * until then: so the callback does nothing but schedule.
 */
export const pollHandle = (fd: number, interest: number, report: Report, foreign: boolean): Source => {
  let options = toOptions(interest)
  let pending: NodeJS.Immediate | undefined
  let referenced = true
  let stopped = false
  // libuv goes on calling while the socket is ready: the first call of a turn schedules the report, before the next poll.
  const onEvent: OnPoll = (status, events) => {
    if (status < 0) stopped = true
    if (pending) return
    pending = setImmediate(() => {
      pending = undefined
      // libuv says EBADF for POLLERR, too (uv__poll_io): the next call on the socket has the error, after what arrived.
      if (status < 0) report(null, READABLE | WRITABLE)
      else report(null, (events.readable ? READABLE : 0) | (events.writable ? WRITABLE : 0))
    })
    if (!referenced) pending.unref()
  }
  const polled = reserve(fd, foreign)
  let handle: PollHandle
  try {
    handle = loadBackend().poll!(polled.fd, options, onEvent)
  } catch (error) {
    polled.release()
    throw error
  }
  return {
    arm: () => {
      // It is started when it is made, and libuv stops it at an error only.
      if (stopped && (options.readable || options.writable)) handle.start(options, onEvent)
      stopped = false
    },
    change: (wanted) => {
      options = toOptions(wanted)
      stopped = false
      if (wanted === 0) handle.stop()
      else handle.start(options, onEvent)
    },
    ref: () => {
      referenced = true
      handle.ref()
      pending?.ref()
    },
    unref: () => {
      referenced = false
      handle.unref()
      pending?.unref()
    },
    close: () => {
      if (pending) clearImmediate(pending)
      handle.close()
      polled.release()
    },
  }
}

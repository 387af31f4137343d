/** The strategy worker: a thread that waits in the system. */
import type { Worker as Thread } from 'node:worker_threads'
import { threadFile } from '../bundle.ts'
import { SocketError } from '../errors/socket-error.ts'
import { pollBackend } from './select.ts'
import type { WorkerInput } from './watch-thread.ts'
import { IDLE, WAITING, CLOSING } from './worker-state.ts'
import type { Report, Source } from './watcher.ts'

/** A worker that waits in the system keeps the process from ending, so each is woken when it does. */
const wakeAtExit = new Set<() => void>()
let listens = false

const wakeAll = (): void => {
  for (const wake of wakeAtExit) wake()
}

/** Waits in a worker thread of its own; nothing of it waits in the calling thread. */
export const worker = (fd: number, interest: number, report: Report): Source => {
  const file = threadFile('@uds/winsock-ffi/dist/watch-thread.js', import.meta.url)
  const wait = pollBackend.create(fd, interest)
  const state = new Int32Array(new SharedArrayBuffer(4))
  const workerData: WorkerInput = { state, shared: wait.shared }
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  let thread: Thread
  try {
    thread = new Worker(file, { workerData, name: 'uds-watch' })
  } catch (error) {
    wait.detach()
    wait.dispose()
    throw error
  }
  let closed = false

  const close = (): void => {
    if (closed) return
    closed = true
    wakeAtExit.delete(wake)
    wait.detach()
    wake()
  }
  const wake = (): void => {
    Atomics.store(state, 0, CLOSING)
    Atomics.notify(state, 0)
    wait.wake()
  }
  const fail = (cause: unknown): void => {
    if (closed) return
    close()
    report(
      new SocketError({
        code: 'ENOTSUP',
        syscall: 'watch',
        detail: 'the worker that waited has ended',
        cause,
      }),
      0,
    )
  }
  if (!listens) process.on('exit', wakeAll)
  listens = true
  wakeAtExit.add(wake)
  thread.on('message', () => {
    if (!closed) report(null, wait.collect())
  })
  thread.on('error', fail)
  thread.on('exit', (code) => {
    fail(new Error(`exit code ${code}`))
    wait.dispose()
  })

  return {
    arm: () => {
      wait.arm()
      Atomics.compareExchange(state, 0, IDLE, WAITING)
      Atomics.notify(state, 0)
    },
    ref: () => thread.ref(),
    unref: () => thread.unref(),
    close,
  }
}

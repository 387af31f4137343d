/** One I/O completion port for the message pipes of this thread, whose packets one worker thread dequeues. */
import type { Worker } from 'node:worker_threads'
import { ERROR_IO_PENDING, ERROR_MORE_DATA, INVALID_HANDLE_VALUE } from '@uds/pipes/win32'
import { threadFile } from '@uds/winsock-ffi'
import { Overlapped } from './operation.ts'
import type { PortInput } from './port-thread.ts'
import { kernel32 } from './prototypes.ts'

const QUIT_KEY = 1

interface Pending {
  readonly overlapped: Overlapped
  readonly done: () => void
  /** The buffer that the system reads or writes: kept until the operation has ended. */
  readonly memory: unknown
}

/** Pending operations by the address of their OVERLAPPED. */
const pending = new Map<bigint, Pending>()

let port = 0
let worker: Worker | undefined
/** Resolves when the thread runs. */
let started: Promise<void> = Promise.resolve()
let handleCount = 0
let refCount = 0

const onEnded = (ended: readonly bigint[]): void => {
  for (const address of ended) {
    const operation = pending.get(address)
    pending.delete(address)
    operation?.done()
  }
}

/** Ends the thread: the process would otherwise wait until its system call ends. */
const quit = (): void => {
  kernel32.PostQueuedCompletionStatus.attempt(port, 0, QUIT_KEY, null)
}

const startWorker = (): void => {
  process.off('exit', quit)
  process.once('exit', quit)
  const file = threadFile('@uds/stream/dist/port-thread.js', import.meta.url)
  const threads = process.getBuiltinModule('node:worker_threads')
  worker = new threads.Worker(file, { workerData: { port, quitKey: QUIT_KEY } satisfies PortInput })
  worker.on('message', onEnded)
  started = new Promise((resolve) => {
    worker!.once('message', () => resolve()).once('exit', () => resolve())
  })
  if (refCount === 0) worker.unref()
}

/** Resolves when the worker thread runs. */
export const portReady = (): Promise<void> => started

/** Associates the handle with the port; the system has no way to undo it. */
export const attach = (handle: number): void => {
  if (port === 0) port = kernel32.CreateIoCompletionPort(INVALID_HANDLE_VALUE, 0, 0, 1)
  kernel32.CreateIoCompletionPort(handle, port, 0, 0)
  handleCount += 1
  if (!worker) startWorker()
}

const endWorkerIfIdle = (): void => {
  if (handleCount > 0 || pending.size > 0 || !worker) return
  quit()
  worker = undefined
}

/** Called when an attached handle was closed. */
export const detach = (): void => {
  handleCount -= 1
  endWorkerIfIdle()
}

/** Keeps the process alive. */
export const refPort = (): void => {
  refCount += 1
  if (refCount === 1) worker?.ref()
}

export const unrefPort = (): void => {
  refCount -= 1
  if (refCount === 0) worker?.unref()
}

/**
 * Begins an operation.
 *
 * @param begin - Makes the system call; returns its result, or the negated error number.
 * @param done - Called when the operation has ended; the OVERLAPPED is freed afterwards.
 * @returns 0, or the error number of a call that failed at once; `done` is not called then.
 */
export const startOperation = (
  begin: (overlapped: bigint) => number,
  memory: unknown,
  done: (overlapped: Overlapped) => void,
): number => {
  const overlapped = new Overlapped()
  const finish = (): void => {
    try {
      done(overlapped)
    } finally {
      overlapped.free()
      endWorkerIfIdle()
    }
  }
  pending.set(overlapped.address, { overlapped, done: finish, memory })
  const begun = begin(overlapped.address)
  // The port also reports operations that succeed at once, and a message that is longer than its buffer:
  // ERROR_MORE_DATA is a warning of the system, and no error.
  if (begun > 0 || -begun === ERROR_IO_PENDING || -begun === ERROR_MORE_DATA) return 0
  pending.delete(overlapped.address)
  overlapped.free()
  return -begun
}

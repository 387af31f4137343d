/** One I/O completion port for all pipes of this thread that libuv does not have, pumped by one worker. */
import { Worker } from 'node:worker_threads'
import { ERROR_IO_PENDING, ERROR_MORE_DATA, INVALID_HANDLE_VALUE } from '@uds/pipes/win32'
import { threadFile } from '@uds/winsock-ffi'
import { Overlapped } from './operation.ts'
import type { PortInput } from './port-thread.ts'
import { kernel32 } from './prototypes.ts'

const QUIT_KEY = 1

interface Pending {
  readonly overlapped: Overlapped
  readonly done: () => void
  /** What the system reads or writes: it must outlive the operation, even when its owner is gone. */
  readonly memory: unknown
}

/** Operations that are under way, by the address of their OVERLAPPED. */
const pending = new Map<bigint, Pending>()

let port = 0
let worker: Worker | undefined
/** Resolves when the thread runs. */
let started: Promise<void> = Promise.resolve()
let users = 0
let holders = 0

const onEnded = (ended: readonly bigint[]): void => {
  for (const address of ended) {
    const operation = pending.get(address)
    pending.delete(address)
    operation?.done()
  }
}

/** The process would wait for the thread until its system call ends. */
const quit = (): void => {
  kernel32.PostQueuedCompletionStatus.attempt(port, 0, QUIT_KEY, null)
}

const startWorker = (): void => {
  process.off('exit', quit)
  process.once('exit', quit)
  const file = threadFile('@uds/stream/dist/win32/pipe/port-thread.js', import.meta.url)
  worker = new Worker(file, { workerData: { port, quitKey: QUIT_KEY } satisfies PortInput })
  worker.on('message', onEnded)
  started = new Promise((resolve) => {
    worker!.once('message', () => resolve()).once('exit', () => resolve())
  })
  if (holders === 0) worker.unref()
}

/** Resolves when the thread that pumps the port runs. */
export const pumping = (): Promise<void> => started

/** The handle's operations end at the port from now on; for ever, as the system has it. */
export const attach = (handle: number): void => {
  if (port === 0) port = kernel32.CreateIoCompletionPort(INVALID_HANDLE_VALUE, 0, 0, 1)
  kernel32.CreateIoCompletionPort(handle, port, 0, 0)
  users += 1
  if (!worker) startWorker()
}

const endWorkerIfIdle = (): void => {
  if (users > 0 || pending.size > 0 || !worker) return
  quit()
  worker = undefined
}

/** The handle was closed. */
export const detach = (): void => {
  users -= 1
  endWorkerIfIdle()
}

/** Keeps the process alive. */
export const hold = (): void => {
  holders += 1
  if (holders === 1) worker?.ref()
}

export const letGo = (): void => {
  holders -= 1
  if (holders === 0) worker?.unref()
}

/**
 * Begins an operation.
 *
 * @param begin - Gives what the system call gave: more than 0, or the negated error number.
 * @param done - Called when it has ended; the OVERLAPPED is freed after it.
 * @returns 0, or the error number of a call that failed at once, of which nothing more is told.
 */
export const perform = (
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
  // What succeeds at once is told by the port all the same, and so is a message that was longer than the memory for it:
  // that is a warning of the system, and no error.
  if (begun > 0 || -begun === ERROR_IO_PENDING || -begun === ERROR_MORE_DATA) return 0
  pending.delete(overlapped.address)
  overlapped.free()
  return -begun
}

/** Waiting for a client on several instances of a pipe. */
import { listenerEnded } from '../../errors/errors.ts'
import { ENDED_READ, READ } from '../../threads/cells.ts'
import type { SharedState } from '../../threads/state.ts'
import { DirectionLock } from '../../threads/direction-lock.ts'
import { traced } from '../../trace.ts'
import { closeHandle } from './close-handle.ts'
import {
  ERROR_IO_PENDING,
  ERROR_NO_DATA,
  ERROR_OPERATION_ABORTED,
  ERROR_PIPE_CONNECTED,
} from './constants.ts'
import { createNext } from './create.ts'
import { pipeError } from './pipe-errors.ts'
import type { Instances } from './instances.ts'
import { Lender } from './lender.ts'
import { cancel, resultOf, waitFor } from './overlapped.ts'
import { kernel32 } from '../../libraries/win32.ts'
import { Scratch } from './scratch.ts'

/** The operation of an instance, by its place. They have all ended when accept returns. */
type Operation = (index: number) => Scratch

const pools = new Lender<Scratch[]>(
  () => [],
  (pool) => pool.forEach((scratch) => scratch.dispose()),
)

const withOperations = <T>(use: (operation: Operation) => T): T =>
  pools.lend((pool) => use((index) => (pool[index] ??= new Scratch(0))))

/**
 * A client that came before ConnectNamedPipe is success (ERROR_PIPE_CONNECTED), and so is one that has left already
 * (ERROR_NO_DATA): what it wrote can be read, as it could on AF_UNIX.
 *
 * @see https://learn.microsoft.com/windows/win32/api/namedpipeapi/nf-namedpipeapi-connectnamedpipe
 */
const isConnected = (result: number): boolean =>
  result >= 0 || -result === ERROR_PIPE_CONNECTED || -result === ERROR_NO_DATA

const begin = (handle: number, overlapped: bigint): number =>
  traced('ConnectNamedPipe', handle, () => kernel32.ConnectNamedPipe.attempt(handle, overlapped))

/** One round: an instance with a client, or undefined when the call was woken or nothing came. */
const round = (
  handles: readonly number[],
  ms: () => number,
  lock: DirectionLock,
  operation: Operation,
): number | undefined => {
  const pending: number[] = []
  let found: number | undefined
  const look = (index: number, result: number): void => {
    if (isConnected(result)) found ??= handles[index]
    else if (-result !== ERROR_OPERATION_ABORTED) throw pipeError(-result, 'ConnectNamedPipe')
  }
  try {
    for (const [index, handle] of handles.entries()) {
      const result = begin(handle, operation(index).overlapped)
      if (-result === ERROR_IO_PENDING) pending.push(index)
      else look(index, result)
      if (found !== undefined) return found
    }
    const signalled = waitFor(
      pending.map((index) => operation(index).event),
      lock,
      ms(),
    )
    const index = pending[signalled]
    if (index !== undefined) {
      pending.splice(signalled, 1)
      look(index, resultOf(handles[index]!, operation(index).overlapped))
    }
  } finally {
    // Whatever is still on its way is taken back; a client that came meanwhile stays, and is found by the next round.
    for (const index of pending) {
      if (cancel(handles[index]!, operation(index).overlapped) >= 0) found ??= handles[index]
    }
  }
  return found
}

/** Puts instances of the new kind in the place of those that nobody has connected to. */
const renew = (instances: Instances, operation: Operation): void => {
  for (const handle of instances.handles) {
    const result = begin(handle, operation(0).overlapped)
    if (-result !== ERROR_IO_PENDING || cancel(handle, operation(0).overlapped) >= 0) continue
    instances.add(createNext(instances.settings, instances.rejectRemote))
    instances.remove(handle)
    closeHandle(handle)
  }
}

/** Applies rejectRemote now, or leaves it to the call of `accept` that is running. */
export const applyChanges = (state: SharedState, instances: Instances): void => {
  const lock = new DirectionLock(state, READ, 'rejectRemote', 0)
  try {
    lock.enter()
  } catch {
    state.changed(READ)
    return
  }
  try {
    if (instances.takeChanged()) withOperations((operation) => renew(instances, operation))
  } finally {
    lock.leave()
  }
}

/** Waits for a client. @returns Its instance, in whose place another one waits by then. */
export const accept = (state: SharedState, instances: Instances, timeoutMs: number | undefined): number => {
  const lock = new DirectionLock(state, READ, 'ConnectNamedPipe', timeoutMs)
  lock.enter()
  try {
    return withOperations((operation) => {
      for (;;) {
        if (state.has(ENDED_READ)) throw listenerEnded('accept')
        if (instances.takeChanged()) renew(instances, operation)
        instances.refill(0)
        let late: unknown
        const ms = (): number => {
          try {
            return lock.timeToWait()
          } catch (error) {
            late = error
            return 0
          }
        }
        const found = round(instances.handles, ms, lock, operation)
        if (found !== undefined) {
          instances.refill(1)
          instances.remove(found)
          return found
        }
        if (late !== undefined) throw late
      }
    })
  } finally {
    lock.leave()
  }
}

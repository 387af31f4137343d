/** The worker thread of wait-pool.ts: waits for events, resets and reports each that is set. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { kernel32 as pipes } from '@uds/pipes/win32'
import { kernel32 } from './prototypes.ts'

export interface WaitInput {
  /** An auto-reset event that is set when an order was posted. */
  readonly wake: number
}

export interface WaitOrder {
  readonly number: number
  /** Events of this process to wait for from now on; undefined ends the thread. */
  readonly events: readonly number[] | undefined
}

/** The number of an acknowledged order, or an event that was set and has been reset. */
export interface WaitReport {
  readonly acknowledged?: number
  readonly set?: number
}

// Milliseconds of one system call: a thread cannot be terminated inside of one.
const SLICE_MS = 500

const { wake } = workerData as WaitInput
const report = (what: WaitReport): void => parentPort!.postMessage(what)

let events: readonly number[] = []
let handles = BigInt64Array.of(BigInt(wake))

/** Returns false when the thread is to end. */
const takeOrders = (): boolean => {
  for (let next = receiveMessageOnPort(parentPort!); next; next = receiveMessageOnPort(parentPort!)) {
    const order = next.message as WaitOrder
    if (order.events === undefined) return false
    events = order.events
    handles = BigInt64Array.from([wake, ...events], BigInt)
    report({ acknowledged: order.number })
  }
  return true
}

while (takeOrders()) {
  const signalled = pipes.WaitForMultipleObjects(handles.length, handles, 0, SLICE_MS)
  const event = events[signalled - 1]
  // There is an order, or the time is up.
  if (event === undefined) continue
  // Reset before the report: the answer to it is to wait again.
  kernel32.ResetEvent(event)
  report({ set: event })
}

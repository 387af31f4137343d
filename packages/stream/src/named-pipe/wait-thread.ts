/** The worker thread of wait-pool.ts: reports each event that is set. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { kernel32 as pipes } from '@uds/pipes/win32'
import { kernel32 } from './prototypes.ts'

export interface WaitInput {
  /** The event, reset by itself, that is set when there is an order. */
  readonly wake: number
}

export interface WaitOrder {
  readonly number: number
  /** Events of this process to wait for from now on; undefined ends the thread. */
  readonly events: readonly number[] | undefined
}

/** Either the number of an order that was taken, or an event that was set, and is reset. */
export interface WaitReport {
  readonly taken?: number
  readonly set?: number
}

// A thread inside a system call cannot be terminated, so none lasts longer than this.
const SLICE_MS = 500

const { wake } = workerData as WaitInput
const report = (what: WaitReport): void => parentPort!.postMessage(what)

let events: readonly number[] = []
let handles = BigInt64Array.of(BigInt(wake))

/** Gives false when the thread is to end. */
const takeOrders = (): boolean => {
  for (let next = receiveMessageOnPort(parentPort!); next; next = receiveMessageOnPort(parentPort!)) {
    const order = next.message as WaitOrder
    if (order.events === undefined) return false
    events = order.events
    handles = BigInt64Array.from([wake, ...events], BigInt)
    report({ taken: order.number })
  }
  return true
}

while (takeOrders()) {
  const signalled = pipes.WaitForMultipleObjects(handles.length, handles, 0, SLICE_MS)
  const event = events[signalled - 1]
  // There is an order, or the time is up.
  if (event === undefined) continue
  // Before the report, as the answer to it is to wait again.
  kernel32.ResetEvent(event)
  report({ set: event })
}

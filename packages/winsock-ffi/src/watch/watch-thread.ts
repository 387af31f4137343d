/** The worker thread of watch/worker.ts: waits when asked to, and reports once for each time. */
import { parentPort, workerData } from 'node:worker_threads'
import { pollBackend } from './select.ts'
import { CLOSING, IDLE, WAITING } from './worker-state.ts'

export interface WorkerInput {
  readonly state: Int32Array
  readonly shared: readonly number[]
}

// A thread inside a system call cannot be terminated, so none lasts longer than this.
const SLICE_MS = 500

const { state, shared } = workerData as WorkerInput

while (Atomics.load(state, 0) !== CLOSING) {
  if (Atomics.load(state, 0) === IDLE) {
    Atomics.wait(state, 0, IDLE, SLICE_MS)
    continue
  }
  const result = pollBackend.block(shared, SLICE_MS)
  if (result === 'woken') break
  // IDLE before the report, as the answer to it is to arm again.
  if (result === 'ready' && Atomics.compareExchange(state, 0, WAITING, IDLE) === WAITING)
    parentPort?.postMessage(null)
}

/** The worker thread of port.ts: dequeues completion packets, and posts the addresses of the ended operations. */
import { parentPort, workerData } from 'node:worker_threads'
import { kernel32 } from './prototypes.ts'

export interface PortInput {
  readonly port: number
  /** The key of the packet that ends the thread. */
  readonly quitKey: number
}

const { port, quitKey } = workerData as PortInput

/**
 * ```c
 * typedef struct _OVERLAPPED_ENTRY {  // minwinbase.h, 32 bytes
 *   ULONG_PTR lpCompletionKey; LPOVERLAPPED lpOverlapped; ULONG_PTR Internal; DWORD dwNumberOfBytesTransferred;
 * } OVERLAPPED_ENTRY;
 * ```
 */
const WORDS = 4
const MOST = 64
// Milliseconds of one system call: a thread cannot be terminated inside of one.
const SLICE_MS = 500

const entries = new BigUint64Array(WORDS * MOST)
const removed = new Uint32Array(1)

// The first message reports that the thread runs.
parentPort?.postMessage([])
for (let going = true; going;) {
  if (kernel32.GetQueuedCompletionStatusEx.attempt(port, entries, MOST, removed, SLICE_MS, 0) < 0) continue
  const ended: bigint[] = []
  for (let index = 0; index < removed[0]!; index += 1) {
    if (entries[WORDS * index] === BigInt(quitKey)) going = false
    else ended.push(entries[WORDS * index + 1]!)
  }
  if (ended.length > 0) parentPort?.postMessage(ended)
}

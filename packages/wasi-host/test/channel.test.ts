import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { callThrough, sharedMemory } from '../src/wait/channel.ts'

/** Wakes the caller before it has an answer, as a notification does that is late for the call before; then answers 42. */
const host = `
const { parentPort, workerData } = require('node:worker_threads')
const header = new Int32Array(workerData, 0, 4)
parentPort.on('message', () => {
  for (let wakes = 0; wakes < 3; wakes += 1) {
    const end = Date.now() + 2000
    while (Atomics.notify(header, 0) === 0 && Date.now() < end);
  }
  header[1] = 42
  Atomics.store(header, 0, 1)
  Atomics.notify(header, 0)
})
parentPort.postMessage('up')
`

test('a call is answered by its answer alone, and not by a notification that is late for the one before', async () => {
  const memory = sharedMemory()
  const worker = new Worker(host, { eval: true, workerData: memory })
  onTestFinished(async () => {
    await worker.terminate()
  })
  await once(worker, 'message')
  const post = (request: unknown): void => worker.postMessage(request)
  for (let call = 0; call < 3; call += 1) expect(callThrough(memory, post, 'facts', [1])).toBe(42)
})

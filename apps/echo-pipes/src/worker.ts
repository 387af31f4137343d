/** A stream that goes to another thread: this one blocks in a read, the other one ends it. */
import { Worker, isMainThread, workerData } from 'node:worker_threads'
import { LocalStream, type TransferToken } from '@uds/pipes'

if (isMainThread) {
  // #region worker
  const [a, b] = LocalStream.pair()
  // The clone goes away, `a` stays: both are the same connection.
  const worker = new Worker(new URL(import.meta.url), { workerData: a.tryClone().transfer() })
  worker.once('online', () => {
    try {
      a.read(Buffer.alloc(64)) // nobody writes: it would wait for ever
    } catch (error) {
      console.log((error as { code: string }).code) // ETIMEDOUT
    }
    a.close()
    b.close()
  })
  // #endregion
} else {
  // #region thread
  const stream = LocalStream.fromTransfer(workerData as TransferToken)
  stream.setReadTimeout(100) // it reaches the read that is running in the other thread
  stream.close()
  // #endregion
}

/** A thread that echoes over the stream that was passed to it, until its end. */
import { workerData } from 'node:worker_threads'
import { UnixStream, type TransferToken } from '@uds/pipes'

const stream = UnixStream.fromTransfer(workerData as TransferToken)
const buffer = Buffer.alloc(64)
for (let size = stream.read(buffer); size > 0; size = stream.read(buffer))
  stream.writeAll(buffer.subarray(0, size))
stream.close()

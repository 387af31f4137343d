/** Waits for clients by the completion port that their connections use afterwards. */
import { kernel32 } from '@uds/pipes/win32'
import type { InstanceWaiter } from './instance-waiter.ts'
import { resultOf } from './operation.ts'
import { attach, detach, refPort, unrefPort, startOperation, portReady } from './port.ts'

export const portWaiter = (): InstanceWaiter => {
  let referenced = true
  let closed = false
  refPort()
  return {
    // The thread starts with the first attached handle.
    get ready() {
      return portReady()
    },
    attach,
    wait: (_slot, handle, done) => {
      const error = startOperation(
        (overlapped) => kernel32.ConnectNamedPipe.attempt(handle, overlapped),
        undefined,
        (overlapped) => {
          if (closed) return
          const result = resultOf(handle, overlapped)
          done(result < 0 ? -result : 0)
        },
      )
      if (error !== 0) setImmediate(() => !closed && done(error))
    },
    ref: () => {
      if (!referenced && !closed) refPort()
      referenced = true
    },
    unref: () => {
      if (referenced && !closed) unrefPort()
      referenced = false
    },
    close: async () => {
      if (closed) return
      closed = true
      if (referenced) unrefPort()
    },
  }
}

export { detach }
